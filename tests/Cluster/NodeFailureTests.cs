using System.Net.Http.Headers;
using System.Text.Json;

namespace FileSharing.ClusterTests;

/// <summary>The product as separate processes; each test leaves all of them running.</summary>
public sealed class ClusterFixture : IAsyncLifetime
{
    internal Deployment Deployment { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Deployment = await Deployment.StartAsync(isCluster: true);

    public ValueTask DisposeAsync() => Deployment.DisposeAsync();
}

public sealed class NodeFailureTests(ClusterFixture fixture) : IClassFixture<ClusterFixture>
{
    private Deployment Product => fixture.Deployment;

    [Fact]
    public async Task A_node_killed_during_uploads_costs_no_acknowledged_file_and_catches_up_when_it_starts()
    {
        var user = await Product.AddUserAsync("killed");
        var files = new List<(string Local, string Remote)>();
        var uploading = Task.Run(async () =>
        {
            for (var i = 0; i < 24; i++)
            {
                var file = await Product.RandomFileAsync($"k-{i}.bin", 3_000_000, seed: 100 + i);
                if ((await user.CliAsync("put", file, $"/k-{i}.bin")).Code == 0)
                {
                    files.Add((file, $"/k-{i}.bin"));
                }
            }
        });
        await Task.Delay(1_500);
        await Product.NodeAsync("kill", 2);
        await uploading;

        Assert.Equal(24, files.Count);
        await AssertReadableAsync(user, files);
        await Product.NodeAsync("start", 2);
        await AssertReadableAsync(user, files);
        await CrashTests.UntilAsync(
            async () => await Product.StatusAsync("under_replicated") == 0,
            "the third copies are delivered"
        );
        Assert.Equal(0, await Product.StatusAsync("missing"));
    }

    private async Task AssertReadableAsync(User user, List<(string Local, string Remote)> files)
    {
        foreach (var (local, remote) in files)
        {
            var back = Product.PathOf("back");
            (await user.CliAsync("get", remote, back)).Succeeded();
            Assert.True(File.ReadAllBytes(local).AsSpan().SequenceEqual(File.ReadAllBytes(back)), remote);
            File.Delete(back);
        }
    }

    [Fact]
    public async Task A_killed_node_leaves_newly_signed_urls_within_a_second()
    {
        var user = await Product.AddUserAsync("watcher");
        var file = await Product.RandomFileAsync("w.bin", 100_000, seed: 5);
        (await user.CliAsync("put", file, "/w.bin")).Succeeded();
        var id = await user.IdOfAsync("/w.bin");
        var gone = $":{Product.Port + 13}/";
        await CrashTests.UntilAsync(
            async () => (await UrlsAsync(user, id)).Contains(gone, StringComparison.Ordinal),
            "node 3 is offered"
        );

        Product.ProcessOf("node-3").Kill();
        await Task.Delay(1_000);
        var urls = await UrlsAsync(user, id);
        await Product.NodeAsync("start", 3);

        Assert.DoesNotContain(gone, urls, StringComparison.Ordinal);
    }

    private static async Task<string> UrlsAsync(User user, string id) =>
        (await user.CallAsync(HttpMethod.Get, $"/files/download/{id}")).Body.GetProperty("download_urls").GetRawText();

    [Fact]
    public async Task With_Postgres_and_API_stopped_a_handed_out_download_goes_on_and_so_does_a_new_range_of_it()
    {
        var user = await Product.AddUserAsync("offline");
        var file = await Product.RandomFileAsync("o.bin", 40_000_000, seed: 6);
        (await user.CliAsync("put", file, "/o.bin")).Succeeded();
        var bytes = await File.ReadAllBytesAsync(file);
        var url = await user.DownloadUrlAsync(await user.IdOfAsync("/o.bin"));
        using var started = await Product.Http.GetAsync(url, HttpCompletionOption.ResponseHeadersRead);

        foreach (var part in new[] { "api", "postgres" })
        {
            Product.ProcessOf(part).Kill();
        }

        await Task.Delay(500);
        var rest = await started.Content.ReadAsByteArrayAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Range = new RangeHeaderValue(30_000_000, 35_000_000);
        using var range = await Product.Http.SendAsync(request);
        var rangeBytes = await range.Content.ReadAsByteArrayAsync();
        await Product.UpAsync();

        Assert.True(bytes.AsSpan().SequenceEqual(rest));
        Assert.True(bytes.AsSpan(30_000_000, 5_000_001).SequenceEqual(rangeBytes));
        (await user.CliAsync("get", "/o.bin", Product.PathOf("o-back"))).Succeeded();
    }

    [Fact]
    public async Task Bad_requests_to_the_upload_session_are_answered_with_what_to_do()
    {
        var user = await Product.AddUserAsync("clumsy");
        var (_, session) = await user.CallAsync(
            HttpMethod.Post,
            "/files/upload",
            new
            {
                metadata = new
                {
                    name = "parts",
                    size = 12_000_000,
                    type = "text/plain",
                },
                part_size = 6_000_000,
            }
        );
        var upload = session.GetProperty("upload_id").GetString();
        var urls = session.GetProperty("upload_urls").EnumerateArray().Select(url => url.GetString()!).ToList();
        using var first = await Product.Http.PutAsync(urls[0], new ByteArrayContent(new byte[6_000_000]));

        var (incomplete, missing) = await user.CallAsync(HttpMethod.Post, $"/files/upload/{upload}/complete");
        using var foreign = await Product.Http.PutAsync(
            urls[1].Replace("/1?", "/0?", StringComparison.Ordinal),
            new ByteArrayContent(new byte[6_000_000])
        );
        var (aborted, _) = await user.CallAsync(HttpMethod.Delete, $"/files/upload/{upload}");
        using var late = await Product.Http.PutAsync(urls[1], new ByteArrayContent(new byte[6_000_000]));
        var (afterAbort, _) = await user.CallAsync(HttpMethod.Post, $"/files/upload/{upload}/complete");

        Assert.Equal(201, (int)first.StatusCode);
        Assert.Equal(409, incomplete);
        Assert.Contains("1", missing.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(403, (int)foreign.StatusCode);
        Assert.InRange(aborted, 200, 204);
        Assert.Contains((int)late.StatusCode, new[] { 404, 409, 410 });
        Assert.Contains(afterAbort, new[] { 404, 409, 410 });
        Assert.Equal(404, (await user.CallAsync(HttpMethod.Get, "/files/by-path?path=/parts")).Status);
    }
}
