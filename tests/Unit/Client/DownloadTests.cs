using System.Diagnostics;
using FileSharing.Client;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace FileSharing.UnitTests.Client;

public sealed class DownloadTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("fileshare-download-");

    private string Target => Path.Combine(folder.FullName, "big.bin");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task A_file_of_many_runs_arrives_whole()
    {
        await using var cluster = await ServingAsync(40 << 20);
        using var client = cluster.Client();

        await client.DownloadFileAsync("f1", Target);

        Assert.Equal(cluster.Content, await File.ReadAllBytesAsync(Target));
        Assert.Single(folder.GetFiles());
        Assert.True(cluster.Requests.Count(request => request.Contains("/node", StringComparison.Ordinal)) > 4);
    }

    [Fact]
    public async Task Damaged_bytes_are_fetched_from_another_node()
    {
        await using var cluster = await ServingAsync(20 << 20);
        cluster.BeforeNode = (node, http) => DamageAsync(cluster, http, node == "node1");
        using var client = cluster.Client();

        await client.DownloadFileAsync("f1", Target);

        Assert.Equal(cluster.Content, await File.ReadAllBytesAsync(Target));
    }

    [Fact]
    public async Task A_node_that_hangs_is_passed_over_for_the_next_within_seconds()
    {
        await using var cluster = await ServingAsync(6 << 20);
        cluster.BeforeNode = (node, http) => ScriptedCluster.HangAsync(http, node == "node1");
        using var client = cluster.Client();
        var clock = Stopwatch.StartNew();

        await client.DownloadFileAsync("f1", Target);

        Assert.Equal(cluster.Content, await File.ReadAllBytesAsync(Target));
        // Once for the list of chunks, and once for what was asked at the same time.
        Assert.InRange(clock.Elapsed, Patience.BriefGet.Answer, 4 * Patience.BriefGet.Answer);
    }

    [Fact]
    public async Task A_node_that_hangs_in_the_middle_of_a_list_of_chunks_is_passed_over_within_seconds()
    {
        await using var cluster = await ServingAsync(6 << 20);
        cluster.BeforeNode = async (node, http) =>
        {
            if (node != "node1" || http.Request.Headers.Range.Count > 0)
            {
                return false;
            }

            var list = cluster.Manifest!.ToBody();
            http.Response.ContentLength = list.Length;
            await http.Response.Body.WriteAsync(list.AsMemory(0, list.Length / 2));
            await http.Response.Body.FlushAsync();
            return await ScriptedCluster.HangAsync(http, isHanging: true);
        };
        using var client = cluster.Client();
        var clock = Stopwatch.StartNew();

        await client.DownloadFileAsync("f1", Target).WaitAsync(TimeSpan.FromSeconds(60));

        Assert.Equal(cluster.Content, await File.ReadAllBytesAsync(Target));
        Assert.InRange(clock.Elapsed, Patience.BriefGet.Standstill, 4 * Patience.BriefGet.Standstill);
    }

    [Fact]
    public async Task Bytes_that_are_damaged_everywhere_are_named_and_no_file_is_left()
    {
        await using var cluster = await ServingAsync(20 << 20);
        cluster.BeforeNode = (_, http) => DamageAsync(cluster, http, true);
        using var client = cluster.Client();

        var error = await Assert.ThrowsAsync<FileShareException>(() => client.DownloadFileAsync("f1", Target));

        Assert.Equal(ErrorTypes.DamagedBytes, error.Type);
        Assert.Matches(@"Bytes \d+-\d+ of big\.bin", error.Message);
        Assert.Empty(folder.GetFiles());
    }

    [Fact]
    public async Task A_connection_that_breaks_goes_on_at_another_node_behind_the_verified_chunks()
    {
        await using var cluster = await ServingAsync(6 << 20);
        var from = new List<int>();
        cluster.BeforeNode = async (node, http) =>
        {
            if (http.Request.Headers.Range.Count == 0)
            {
                return false;
            }

            var (start, end) = ScriptedCluster.Range(http);
            from.Add(start);
            if (node != "node1")
            {
                return false;
            }

            http.Response.StatusCode = 206;
            http.Response.Headers.ContentRange = $"bytes {start}-{end}/{cluster.Content.Length}";
            http.Response.ContentLength = end - start + 1;
            await http.Response.Body.WriteAsync(cluster.Content.AsMemory(start, 5 << 20));
            await http.Response.Body.FlushAsync();
            http.Abort();
            return true;
        };
        using var client = cluster.Client();

        await client.DownloadFileAsync("f1", Target);

        Assert.Equal(cluster.Content, await File.ReadAllBytesAsync(Target));
        Assert.Equal(0, from[0]);
        Assert.Equal(2, from.Count);
    }

    [Fact]
    public async Task A_list_of_chunks_that_does_not_match_its_id_is_refused()
    {
        await using var cluster = await ServingAsync(6 << 20);
        cluster.BeforeNode = async (_, http) =>
        {
            await http.Response.Body.WriteAsync(cluster.Manifest!.ToBody().AsMemory(1));
            return true;
        };
        using var client = cluster.Client();

        var error = await Assert.ThrowsAsync<FileShareException>(() => client.DownloadFileAsync("f1", Target));

        Assert.Equal(ErrorTypes.DamagedBytes, error.Type);
    }

    [Theory]
    [InlineData("10-19", 10, 10)]
    [InlineData("6291446-", 6291446, 10)]
    [InlineData("-10", 6291446, 10)]
    [InlineData("6291446-9999999", 6291446, 10)]
    public async Task A_range_gives_exactly_its_bytes(string text, int offset, int length)
    {
        await using var cluster = await ServingAsync(6 << 20);
        using var client = cluster.Client();
        Assert.True(ByteRange.TryParse(text, out var range));
        using var output = new MemoryStream();

        await client.DownloadRangeAsync("f1", range, output);

        Assert.Equal(cluster.Content[offset..(offset + length)], output.ToArray());
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("5")]
    [InlineData("9-8")]
    [InlineData("a-b")]
    [InlineData("1-2-3")]
    [InlineData("+1-2")]
    public void What_is_no_range_is_refused(string text) => Assert.False(ByteRange.TryParse(text, out _));

    private static async Task<ScriptedCluster> ServingAsync(int size)
    {
        var cluster = await ScriptedCluster.StartAsync();
        cluster.Serve(UploadTests.Bytes(size));
        return cluster;
    }

    /// <summary>Flips the last byte of a range.</summary>
    private static async Task<bool> DamageAsync(ScriptedCluster cluster, HttpContext http, bool isDamaged)
    {
        if (!isDamaged || http.Request.Headers.Range.Count == 0)
        {
            return false;
        }

        var (from, to) = ScriptedCluster.Range(http);
        var bytes = cluster.Content.AsSpan(from, to - from + 1).ToArray();
        bytes[^1] ^= 1;
        http.Response.StatusCode = 206;
        http.Response.Headers.ContentRange = $"bytes {from}-{to}/{cluster.Content.Length}";
        await http.Response.Body.WriteAsync(bytes);
        return true;
    }
}
