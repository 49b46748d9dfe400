using System.Diagnostics;
using FileSharing.Chunks;
using FileSharing.Client;
using FileSharing.Client.Upload;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace FileSharing.UnitTests.Client;

public sealed class UploadTests
{
    private static readonly UploadTarget Target = new() { Name = "a.bin" };

    [Fact]
    public async Task A_file_of_one_chunk_is_listed_at_once_with_its_fingerprint()
    {
        await using var cluster = await ScriptedCluster.StartAsync();
        using var client = cluster.Client();
        var data = Bytes(1000);

        var result = await client.UploadAsync(new MemoryStream(data), data.Length, Target);

        var id = ChunkId.OfChunk(data);
        Assert.Equal(1000, result.BytesSent);
        Assert.Equal(data, cluster.Stored[id]);
        var opened = Assert.Single(cluster.Opened);
        Assert.Equal(id.ToString(), (string?)opened["metadata"]!["fingerprint"]);
        Assert.Null(opened["more"]);
        Assert.Equal(
            ["POST /files/upload", $"PUT /node1/v1/chunks/{id}", "POST /files/upload/u1/complete"],
            cluster.Requests
        );
    }

    [Fact]
    public async Task A_long_file_opens_empty_and_is_listed_while_it_is_hashed()
    {
        await using var cluster = await ScriptedCluster.StartAsync();
        using var client = cluster.Client();
        var data = Bytes(50 << 20);

        var result = await client.UploadAsync(new MemoryStream(data), data.Length, Target);

        Assert.Equal(data.Length, result.BytesSent);
        Assert.Equal(data.Length, cluster.Stored.Values.Sum(chunk => chunk.Length));
        Assert.Empty(cluster.Opened.Single()["chunks"]!.AsArray());
        Assert.True((bool)cluster.Opened.Single()["more"]!);
        Assert.True(cluster.Requests.Count(request => request.EndsWith("/chunks", StringComparison.Ordinal)) > 1);
        Assert.Equal(cluster.Stored.Count, cluster.Completed!["receipts"]!.AsArray().Count);
    }

    [Fact]
    public async Task An_empty_file_has_no_parts_and_is_completed()
    {
        await using var cluster = await ScriptedCluster.StartAsync();
        using var client = cluster.Client();

        var result = await client.UploadAsync(Stream.Null, 0, Target);

        Assert.Equal("v1", result.VersionId);
        Assert.Equal(["POST /files/upload", "POST /files/upload/u1/complete"], cluster.Requests);
    }

    [Fact]
    public async Task Chunks_that_the_server_has_are_not_sent()
    {
        await using var cluster = await ScriptedCluster.StartAsync();
        using var client = cluster.Client();
        var data = Bytes(1000);
        cluster.Has.Add(ChunkId.OfChunk(data));

        var result = await client.UploadAsync(new MemoryStream(data), data.Length, Target);

        Assert.Equal(0, result.BytesSent);
        Assert.Empty(cluster.Stored);
        Assert.NotNull(cluster.Completed);
    }

    [Theory]
    [InlineData(503)]
    [InlineData(507)]
    [InlineData(400)]
    public async Task A_node_that_refuses_is_passed_over_for_the_next_url(int status)
    {
        await using var cluster = await ScriptedCluster.StartAsync();
        cluster.BeforeNode = async (node, http) =>
        {
            if (node != "node1")
            {
                return false;
            }

            await ScriptedCluster.ProblemAsync(http, status, "refused");
            return true;
        };
        using var client = cluster.Client();

        var result = await client.UploadAsync(new MemoryStream(Bytes(1000)), 1000, Target);

        Assert.Equal(1000, result.BytesSent);
        Assert.Contains(cluster.Requests, request => request.StartsWith("PUT /node2/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_node_that_hangs_is_passed_over_for_the_next_url_within_seconds()
    {
        await using var cluster = await ScriptedCluster.StartAsync();
        cluster.BeforeNode = (node, http) => ScriptedCluster.HangAsync(http, node == "node1");
        using var client = cluster.Client();
        var clock = Stopwatch.StartNew();

        var result = await client.UploadAsync(new MemoryStream(Bytes(1000)), 1000, Target);

        Assert.Equal(1000, result.BytesSent);
        Assert.InRange(clock.Elapsed, Patience.BriefPut.Answer, 2 * Patience.BriefPut.Answer);
        Assert.Contains(cluster.Requests, request => request.StartsWith("PUT /node2/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_expired_url_is_renewed_and_the_chunk_is_sent()
    {
        await using var cluster = await ScriptedCluster.StartAsync();
        cluster.BeforeNode = async (_, http) =>
        {
            if (cluster.Requests.Contains("GET /files/upload/u1"))
            {
                return false;
            }

            await ScriptedCluster.ProblemAsync(http, 403, "url-refused");
            return true;
        };
        using var client = cluster.Client();

        var result = await client.UploadAsync(new MemoryStream(Bytes(1000)), 1000, Target);

        Assert.Equal(1000, result.BytesSent);
    }

    [Fact]
    public async Task A_chunk_that_every_node_refuses_fails_the_upload_and_nothing_is_completed()
    {
        await using var cluster = await ScriptedCluster.StartAsync();
        cluster.BeforeNode = async (_, http) =>
        {
            await ScriptedCluster.ProblemAsync(http, 507, "volume-full");
            return true;
        };
        using var client = cluster.Client();

        var error = await Assert.ThrowsAsync<FileShareException>(() =>
            client.UploadAsync(new MemoryStream(Bytes(12 << 20)), 12 << 20, Target)
        );

        Assert.Equal("urn:fileshare:error:volume-full", error.Type);
        Assert.Equal("t1", error.TraceId);
        Assert.Null(cluster.Completed);
    }

    [Theory]
    [InlineData(999)]
    [InlineData(1001)]
    public async Task A_source_of_another_size_than_it_said_is_not_completed(int actual)
    {
        await using var cluster = await ScriptedCluster.StartAsync();
        using var client = cluster.Client();

        var error = await Assert.ThrowsAsync<FileShareException>(() =>
            client.UploadAsync(new MemoryStream(Bytes(actual)), 1000, Target)
        );

        Assert.Equal(ErrorTypes.SourceChanged, error.Type);
        Assert.Null(cluster.Completed);
    }

    [Fact]
    public async Task A_file_that_changes_while_it_is_sent_is_not_completed()
    {
        await using var cluster = await ScriptedCluster.StartAsync();
        using var client = cluster.Client();
        var path = Path.GetTempFileName();
        await File.WriteAllBytesAsync(path, Bytes(1000));
        cluster.BeforeNode = async (_, _) =>
        {
            await File.WriteAllBytesAsync(path, Bytes(1000));
            File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
            return false;
        };

        var error = await Assert.ThrowsAsync<FileShareException>(() => client.UploadFileAsync(path, Target));

        File.Delete(path);
        Assert.Equal(ErrorTypes.SourceChanged, error.Type);
        Assert.Null(cluster.Completed);
    }

    [Fact]
    public async Task Many_uploads_share_a_budget_smaller_than_one_of_them()
    {
        await using var cluster = await ScriptedCluster.StartAsync();
        using var client = cluster.Client(options => options with { ChunkBytesMax = 5 << 20, ParallelChunks = 2 });
        cluster.BeforeApi = async http =>
        {
            // Each upload is a session of its own here: all chunks are wanted, in the order of its own list.
            if (http.Request.Path.Value!.EndsWith("/complete", StringComparison.Ordinal))
            {
                await http.Response.WriteAsync("""{"file_id":"f1","version_id":"v1","size":6291456}""");
                return true;
            }

            return await SessionlessUploads.AnswerAsync(cluster, http);
        };

        var uploads = Enumerable
            .Range(0, 6)
            .Select(seed => client.UploadAsync(new MemoryStream(Bytes(6 << 20, seed)), 6 << 20, Target));
        var results = await Task.WhenAll(uploads).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.All(results, result => Assert.Equal(6 << 20, result.BytesSent));
    }

    internal static byte[] Bytes(int count, int seed = 1)
    {
        var data = new byte[count];
        new Random(seed).NextBytes(data);
        return data;
    }
}
