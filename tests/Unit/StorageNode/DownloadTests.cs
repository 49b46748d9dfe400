using System.Net;
using System.Text;
using FileSharing.Chunks;
using FileSharing.Cluster.Signing;
using FileSharing.StorageNode.Endpoints;

namespace FileSharing.UnitTests.StorageNode;

public sealed class DownloadTests : IAsyncLifetime
{
    private readonly byte[][] chunks =
    [
        NodeCluster.Random(300_000, 1),
        NodeCluster.Random(131_072, 2),
        NodeCluster.Random(1_000_001, 3),
    ];
    private NodeCluster cluster = null!;
    private UrlGrant grant = null!;

    private byte[] Whole => [.. chunks.SelectMany(chunk => chunk)];

    public async ValueTask InitializeAsync()
    {
        cluster = await NodeCluster.StartAsync();
        grant = await cluster.PutFileAsync(chunks);
    }

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task A_whole_file_comes_with_length_etag_type_and_name()
    {
        var response = await cluster.GetAsync(1, grant);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(Whole, await response.Content.ReadAsByteArrayAsync());
        Assert.Equal(Whole.Length, response.Content.Headers.ContentLength);
        Assert.Equal("bytes", response.Headers.AcceptRanges.Single());
        Assert.Contains(grant.Path[^64..], response.Headers.ETag!.Tag, StringComparison.Ordinal);
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Contains(
            "filename*=UTF-8''bytes%20%C3%BC.bin",
            response.Content.Headers.GetValues("Content-Disposition").Single(),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(299_999, 300_000)]
    [InlineData(100, 1_431_072)]
    [InlineData(431_071, 431_073)]
    [InlineData(1_400_000, 1_431_072)]
    public async Task A_range_that_crosses_blocks_and_chunks_is_exact(int first, int last)
    {
        var response = await cluster.GetAsync(2, grant, $"bytes={first}-{last}");

        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        Assert.Equal(
            $"bytes {first}-{last}/{Whole.Length}",
            response.Content.Headers.GetValues("Content-Range").Single()
        );
        Assert.Equal(Whole[first..(last + 1)], await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Many_random_ranges_are_exact()
    {
        const int seed = 42;
        var random = new Random(seed);
        for (var i = 0; i < 60; i++)
        {
            var first = random.Next(Whole.Length);
            var last = Math.Min(first + random.Next(400_000), Whole.Length - 1);
            var bytes = await (
                await cluster.GetAsync(i % 3, grant, $"bytes={first}-{last}")
            ).Content.ReadAsByteArrayAsync();
            Assert.True(Whole.AsSpan(first..(last + 1)).SequenceEqual(bytes), $"seed {seed}, bytes {first}-{last}");
        }
    }

    [Fact]
    public async Task Several_ranges_come_as_multipart_with_an_exact_length()
    {
        var response = await cluster.GetAsync(0, grant, "bytes=0-9,299995-300004,-3");
        var body = await response.Content.ReadAsByteArrayAsync();

        Assert.Equal("multipart/byteranges", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(response.Content.Headers.ContentLength, body.Length);
        var boundary = response.Content.Headers.ContentType.Parameters.Single().Value!;
        var parts = Encoding.Latin1.GetString(body).Split("--" + boundary, StringSplitOptions.RemoveEmptyEntries);
        var payloads = parts
            .Take(3)
            .Select(part =>
                Encoding.Latin1.GetBytes(part[(part.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..^2])
            )
            .ToList();
        Assert.Equal(Whole[..10], payloads[0]);
        Assert.Equal(Whole[299_995..300_005], payloads[1]);
        Assert.Equal(Whole[^3..], payloads[2]);
        Assert.Contains($"Content-Range: bytes 0-9/{Whole.Length}", parts[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Conditions_are_kept()
    {
        var etag = (await cluster.GetAsync(0, grant)).Headers.ETag!.Tag;

        Assert.Equal(
            HttpStatusCode.NotModified,
            (
                await cluster.GetAsync(0, grant, headers: h => h.TryAddWithoutValidation("If-None-Match", etag))
            ).StatusCode
        );
        Assert.Equal(
            HttpStatusCode.PreconditionFailed,
            (await cluster.GetAsync(0, grant, headers: h => h.TryAddWithoutValidation("If-Match", "\"x\""))).StatusCode
        );
        Assert.Equal(
            HttpStatusCode.PartialContent,
            (await cluster.GetAsync(0, grant, "bytes=0-0", h => h.TryAddWithoutValidation("If-Range", etag))).StatusCode
        );
        Assert.Equal(
            HttpStatusCode.OK,
            (
                await cluster.GetAsync(0, grant, "bytes=0-0", h => h.TryAddWithoutValidation("If-Range", "\"x\""))
            ).StatusCode
        );
    }

    [Fact]
    public async Task HEAD_has_the_headers_of_GET_and_no_body()
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, cluster.Url(0, grant));

        var response = await cluster.Http.SendAsync(request);

        Assert.Equal(Whole.Length, response.Content.Headers.ContentLength);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task A_range_beyond_the_end_is_416_with_the_size()
    {
        var response = await cluster.GetAsync(0, grant, $"bytes={Whole.Length}-");

        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, response.StatusCode);
        Assert.Equal($"bytes */{Whole.Length}", response.Content.Headers.GetValues("Content-Range").Single());
    }

    [Fact]
    public async Task The_manifest_is_answered_to_whoever_asks_for_it_by_type_and_hashes_to_its_id()
    {
        var response = await cluster.GetAsync(
            0,
            grant,
            headers: h => h.TryAddWithoutValidation("Accept", GetContent.ManifestMediaType)
        );
        var body = await response.Content.ReadAsByteArrayAsync();

        Assert.Equal(grant.Path[^64..], Manifest.IdOf(body).ToString());
        Assert.Equal(chunks.Select(ChunkIdOf), Manifest.Parse(body).Entries.Select(entry => entry.Id));
    }

    private static ChunkId ChunkIdOf(byte[] chunk) => ChunkId.OfChunk(chunk);

    [Fact]
    public async Task Bytes_that_look_like_a_manifest_but_were_put_as_a_chunk_open_nothing()
    {
        var forged = Manifest
            .Create(0, "dedup", [new ManifestEntry(ChunkId.OfChunk(chunks[0]), chunks[0].Length)])
            .ToBody();
        (await cluster.PutAsync(0, forged)).EnsureSuccessStatusCode();

        var asFile = await cluster.GetAsync(
            0,
            UrlGrant.GetFile(ChunkId.OfChunk(forged), RecordKind.Manifest, chunks[0].Length, "x", "text/plain")
        );
        var asManifest = await cluster.GetAsync(
            0,
            UrlGrant.GetFile(Manifest.IdOf(forged), RecordKind.Manifest, chunks[0].Length, "x", "text/plain")
        );

        Assert.False(asFile.IsSuccessStatusCode);
        Assert.False(asManifest.IsSuccessStatusCode);
    }

    [Fact]
    public async Task The_empty_file_has_a_manifest_and_no_bytes()
    {
        var empty = await cluster.PutFileAsync();

        var response = await cluster.GetAsync(0, empty);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(0, response.Content.Headers.ContentLength);
    }

    [Fact]
    public async Task A_browser_of_any_origin_may_read_and_see_the_range_headers()
    {
        var response = await cluster.GetAsync(
            0,
            grant,
            "bytes=0-0",
            h => h.TryAddWithoutValidation("Origin", "https://elsewhere.example")
        );

        Assert.Equal("*", response.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Contains(
            "Content-Range",
            string.Join(',', response.Headers.GetValues("Access-Control-Expose-Headers")),
            StringComparison.Ordinal
        );
    }
}
