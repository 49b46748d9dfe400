using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using FileSharing.Chunks;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Wire;
using FileSharing.Native.Zstd;

namespace FileSharing.UnitTests.StorageNode;

public sealed class ChunkEndpointTests : IAsyncLifetime
{
    private NodeCluster cluster = null!;

    public async ValueTask InitializeAsync() => cluster = await NodeCluster.StartAsync();

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    private static async Task<string> ProblemAsync(HttpResponseMessage response)
    {
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = await response.Content.ReadFromJsonAsync(WireJson.Default.Problem);
        Assert.NotEmpty(problem!.Detail!);
        Assert.NotEmpty(problem.TraceId!);
        return problem.Type[Problem.TypePrefix.Length..];
    }

    private bool IsNowhere(byte[] chunk) => !cluster.Holders(ChunkId.OfChunk(chunk)).Contains(true);

    private async Task<HttpResponseMessage> PutEncodedAsync(byte[] chunk, byte[] body, string encoding)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentEncoding.Add(encoding);
        return await cluster.Http.PutAsync(cluster.Url(1, cluster.PutGrant(chunk)), content);
    }

    [Fact]
    public async Task A_chunk_put_on_one_node_is_on_all_three_and_comes_back_from_each()
    {
        var chunk = NodeCluster.Random(1 << 20, seed: 1);
        var id = ChunkId.OfChunk(chunk);

        var put = await cluster.PutAsync(0, chunk);

        Assert.Equal(HttpStatusCode.Created, put.StatusCode);
        Assert.Equal($"\"{id}\"", put.Headers.ETag!.Tag);
        await NodeCluster.EventuallyAsync(() => cluster.Holders(id).All(holds => holds), "three copies");
        for (var node = 0; node < 3; node++)
        {
            Assert.Equal(
                chunk,
                await (await cluster.GetAsync(node, UrlGrant.GetChunk(id, chunk.Length))).Content.ReadAsByteArrayAsync()
            );
        }

        Assert.Equal(HttpStatusCode.OK, (await cluster.PutAsync(2, chunk)).StatusCode);
        await NodeCluster.EventuallyAsync(
            () => cluster.Nodes.All(node => node!.Volumes.Open[0].Store.Stats().Owed == 0),
            "no owed mark"
        );
    }

    [Fact]
    public async Task The_receipt_names_session_chunk_and_size_and_carries_a_mac()
    {
        var chunk = NodeCluster.Random(5_000, seed: 2);

        var put = await cluster.PutAsync(0, chunk);
        var receipt = await put.Content.ReadFromJsonAsync(WireJson.Default.Receipt);

        Assert.Equal(cluster.UploadId, receipt!.UploadId);
        Assert.Equal([new ChunkSize(ChunkId.OfChunk(chunk), 5_000)], receipt.Chunks);
        Assert.Equal(43, receipt.Mac.Length);
    }

    [Fact]
    public async Task Bytes_that_do_not_hash_to_the_id_are_refused_and_nothing_is_kept()
    {
        var chunk = NodeCluster.Random(10_000, seed: 3);
        var other = NodeCluster.Random(10_000, seed: 4);

        var put = await cluster.Http.PutAsync(cluster.Url(0, cluster.PutGrant(chunk)), new ByteArrayContent(other));

        Assert.Equal(HttpStatusCode.BadRequest, put.StatusCode);
        Assert.Equal("wrong-digest", await ProblemAsync(put));
        Assert.True(IsNowhere(chunk) && IsNowhere(other));
    }

    [Theory]
    [InlineData(9_999, HttpStatusCode.BadRequest, "wrong-length")]
    [InlineData(10_001, HttpStatusCode.RequestEntityTooLarge, "body-too-large")]
    public async Task A_body_of_another_length_than_signed_is_refused(int bytes, HttpStatusCode status, string type)
    {
        var chunk = NodeCluster.Random(10_000, seed: 5);

        var declared = await cluster.Http.PutAsync(
            cluster.Url(0, cluster.PutGrant(chunk)),
            new ByteArrayContent(new byte[bytes])
        );
        using var chunked = new HttpRequestMessage(HttpMethod.Put, cluster.Url(0, cluster.PutGrant(chunk)))
        {
            Content = new ByteArrayContent(new byte[bytes]),
        };
        chunked.Headers.TransferEncodingChunked = true;
        var undeclared = await cluster.Http.SendAsync(chunked);

        Assert.Equal((status, type), (declared.StatusCode, await ProblemAsync(declared)));
        Assert.Equal((status, type), (undeclared.StatusCode, await ProblemAsync(undeclared)));
        Assert.True(IsNowhere(chunk));
    }

    [Fact]
    public async Task The_same_chunk_sent_as_zstd_as_gzip_and_plain_is_one_chunk()
    {
        var chunk = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 20_000).Select(i => $"line {i}\n")));
        var zstd = new MemoryStream();
        await using (var packing = new ZstdCompressionStream(zstd, level: 3, leaveOpen: true))
        {
            await packing.WriteAsync(chunk);
        }

        var gzip = new MemoryStream();
        await using (var packing = new GZipStream(gzip, CompressionLevel.Fastest, leaveOpen: true))
        {
            await packing.WriteAsync(chunk);
        }

        Assert.Equal(HttpStatusCode.Created, (await PutEncodedAsync(chunk, zstd.ToArray(), "zstd")).StatusCode);
        await NodeCluster.EventuallyAsync(
            () => cluster.Holders(ChunkId.OfChunk(chunk)).All(holds => holds),
            "three copies"
        );
        Assert.Equal(HttpStatusCode.OK, (await PutEncodedAsync(chunk, gzip.ToArray(), "gzip")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await cluster.PutAsync(0, chunk)).StatusCode);
        Assert.True(
            cluster.Nodes[0]!.Volumes.Open[0].Store.Find(ChunkId.OfChunk(chunk))!.RecordBytes < chunk.Length / 2
        );
    }

    [Fact]
    public async Task A_compressed_body_that_unpacks_to_more_than_signed_is_cut_off()
    {
        var chunk = NodeCluster.Random(1_000, seed: 6);
        var bomb = new MemoryStream();
        await using (var packing = new GZipStream(bomb, CompressionLevel.Optimal, leaveOpen: true))
        {
            await packing.WriteAsync(new byte[500_000]);
        }

        var put = await PutEncodedAsync(chunk, bomb.ToArray(), "gzip");

        Assert.Equal("body-too-large", await ProblemAsync(put));
    }

    [Fact]
    public async Task A_damaged_compressed_body_and_an_unknown_encoding_are_refused()
    {
        var chunk = NodeCluster.Random(1_000, seed: 7);

        Assert.Equal(
            "bad-encoding",
            await ProblemAsync(await PutEncodedAsync(chunk, NodeCluster.Random(500, seed: 8), "gzip"))
        );
        Assert.Equal(
            "bad-encoding",
            await ProblemAsync(await PutEncodedAsync(chunk, NodeCluster.Random(500, seed: 8), "zstd"))
        );
        Assert.Equal("unsupported-encoding", await ProblemAsync(await PutEncodedAsync(chunk, chunk, "br")));
        Assert.True(IsNowhere(chunk));
    }

    [Fact]
    public async Task A_url_is_good_for_its_own_chunk_and_method_only()
    {
        var chunk = NodeCluster.Random(1_000, seed: 9);
        var other = NodeCluster.Random(1_000, seed: 10);
        var url = cluster.Url(0, cluster.PutGrant(chunk)).ToString();

        var onAnother = await cluster.Http.PutAsync(
            url.Replace($"{ChunkId.OfChunk(chunk)}", $"{ChunkId.OfChunk(other)}", StringComparison.Ordinal),
            new ByteArrayContent(other)
        );
        var asGet = await cluster.Http.GetAsync(url);
        var unsigned = await cluster.Http.GetAsync(
            new Uri(cluster.Map.Nodes[0].Url, $"/v1/chunks/{ChunkId.OfChunk(chunk)}")
        );

        Assert.All(
            [onAnother, asGet, unsigned],
            response => Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode)
        );
        Assert.Equal("url-refused", await ProblemAsync(unsigned));
        Assert.True(IsNowhere(other));
    }

    [Theory]
    [InlineData(1, 413)]
    [InlineData(-1, 400)]
    public async Task A_part_that_unpacks_to_another_length_than_announced_is_refused(int more, int expected)
    {
        const int announced = 100_000;
        var packed = new MemoryStream();
        await using (var packing = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            await packing.WriteAsync(new byte[announced + more]);
        }

        using var body = new ByteArrayContent(packed.ToArray());
        body.Headers.ContentEncoding.Add("gzip");
        var url = cluster.Url(0, UrlGrant.PutPart(cluster.UploadId, 0, announced, epoch: 1));
        using var response = await cluster.Http.PutAsync(url, body);

        Assert.Equal(expected, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("GET", "/internal/v1/status")]
    [InlineData("GET", "/internal/v1/watch")]
    [InlineData("POST", "/internal/v1/notifications/flush")]
    [InlineData("POST", "/internal/v1/volumes/VOLUME/records")]
    [InlineData("GET", "/internal/v1/volumes/VOLUME/records/ID")]
    [InlineData("POST", "/internal/v1/volumes/VOLUME/adopt")]
    [InlineData("POST", "/internal/v1/volumes/VOLUME/has")]
    [InlineData("PUT", "/internal/v1/manifests/ID?epoch=1")]
    [InlineData("GET", "/Internal/v1/status")]
    [InlineData("GET", "/internal/V1/status/")]
    [InlineData("GET", "/%69nternal/v1/status")]
    [InlineData("POST", "/INTERNAL/V1/VOLUMES/VOLUME/ADOPT")]
    public async Task Internal_calls_without_the_cluster_s_mac_are_refused(string method, string path)
    {
        var address = path.Replace("VOLUME", $"{cluster.Map.Volumes[0].VolumeId}", StringComparison.Ordinal)
            .Replace("ID", new string('a', 64), StringComparison.Ordinal);
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(cluster.Map.Nodes[0].Url, address));

        var response = await cluster.Http.SendAsync(request);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal("internal-only", await ProblemAsync(response));
    }

    [Fact]
    public async Task A_connection_cut_in_the_middle_of_a_chunk_leaves_nothing_and_the_chunk_can_be_sent_again()
    {
        var chunk = NodeCluster.Random(200_000, seed: 11);
        var url = cluster.Url(0, cluster.PutGrant(chunk));
        using (var socket = new TcpClient())
        {
            await socket.ConnectAsync(url.Host, url.Port);
            await socket
                .GetStream()
                .WriteAsync(
                    Encoding.ASCII.GetBytes(
                        $"PUT {url.PathAndQuery} HTTP/1.1\r\nHost: x\r\nContent-Length: {chunk.Length}\r\n\r\n"
                    )
                );
            await socket.GetStream().WriteAsync(chunk.AsMemory(0, 100_000));
        }

        await Task.Delay(200);
        Assert.True(IsNowhere(chunk));
        Assert.Equal(HttpStatusCode.Created, (await cluster.PutAsync(0, chunk)).StatusCode);
    }

    [Fact]
    public async Task In_a_batch_each_chunk_stands_for_itself()
    {
        var good = NodeCluster.Random(3_000, seed: 12);
        var bad = NodeCluster.Random(3_000, seed: 13);
        var body = new MemoryStream();
        Frame(body, 0, ChunkId.OfChunk(good), good);
        Frame(body, 1, ChunkId.OfChunk(good), bad);
        Frame(body, 2, ChunkId.OfChunk([1]), [1]);

        var response = await cluster.Http.PostAsync(
            cluster.Url(0, UrlGrant.PutBatch(cluster.UploadId, 1 << 20, 1)),
            new ByteArrayContent(body.ToArray())
        );
        var reply = await response.Content.ReadFromJsonAsync(WireJson.Default.BatchReply);

        Assert.Equal([0, 2], reply!.Receipts.Select(receipt => receipt.Index));
        Assert.Equal([1], reply.Failed.Select(failure => failure.Index));
        Assert.False(IsNowhere(good));
        Assert.True(IsNowhere(bad));
    }

    private static void Frame(MemoryStream body, int index, ChunkId id, byte[] chunk)
    {
        body.Write(BitConverter.GetBytes(index));
        body.Write(BitConverter.GetBytes(chunk.Length));
        body.Write(id.ToByteArray());
        body.Write([0, 0, 0, 0]);
        body.Write(BitConverter.GetBytes(chunk.Length));
        body.Write(chunk);
    }
}
