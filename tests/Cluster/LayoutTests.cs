using System.Text.Json;

namespace FileSharing.ClusterTests;

/// <summary>Nodes and disks that come and go while the product works: real processes, one journal of what was stored, and a reader that never stops.</summary>
public sealed class LayoutTests
{
    private const int Files = 12;

    /// <summary>Short enough for a test; in one round all that may move does.</summary>
    private static readonly Dictionary<string, string> Settings = new()
    {
        ["FILESHARE__Api__Cluster__DownAfterSeconds"] = "5",
        ["FILESHARE__Api__Cluster__MovesMax"] = "16384",
    };

    [Fact]
    public async Task A_fourth_node_takes_its_share_and_a_lost_disk_is_made_good_while_every_read_succeeds()
    {
        await using var product = await Deployment.StartAsync(isCluster: true, Settings);
        var user = await product.AddUserAsync("reader");
        var stored = new List<(byte[] Bytes, string Id)>();
        for (var i = 0; i < Files; i++)
        {
            var file = await product.RandomFileAsync($"l-{i}.bin", 2_500_000, seed: 500 + i);
            (await user.CliAsync("put", file, $"/l-{i}.bin")).Succeeded();
            stored.Add((await File.ReadAllBytesAsync(file), await user.IdOfAsync($"/l-{i}.bin")));
        }

        using var stop = new CancellationTokenSource();
        var reading = Task.Run(() => ReadUntilAsync(product, user, stored, stop.Token));

        // 1. A node more.
        await product.AddNodeAsync();
        (await product.Admin.CliAsync("admin", "layout", "add", "4/1")).Succeeded();
        (await product.Admin.CliAsync("admin", "layout", "apply")).Succeeded();
        await MovedAsync(product, "the fourth node has its share");
        Assert.Equal(12_288, (await MembersAsync(product)).Single(NameIs("4/1")).GetProperty("partitions").GetInt32());
        await WholeAsync(product);

        // 2. A disk is lost, and replaced by an empty one.
        var lost = (await MembersAsync(product)).Single(NameIs("3/1")).GetProperty("volume_id").GetString()!;
        await product.NodeAsync("wipe", 3);
        await product.NodeAsync("start", 3);
        await CrashTests.UntilAsync(
            async () => await product.StatusAsync("under_replicated") > 0,
            "the copies that were lost are missed"
        );
        (await product.Admin.CliAsync("admin", "layout", "add", "3/1")).Succeeded();
        (await product.Admin.CliAsync("admin", "layout", "remove", lost)).Succeeded();
        (await product.Admin.CliAsync("admin", "layout", "apply")).Succeeded();
        await MovedAsync(product, "the new disk has what the lost one had");
        await WholeAsync(product);

        // 3. A node leaves.
        (await product.Admin.CliAsync("admin", "layout", "remove", "2/1")).Succeeded();
        (await product.Admin.CliAsync("admin", "layout", "apply")).Succeeded();
        await MovedAsync(product, "the second node is empty");
        await CrashTests.UntilAsync(
            async () => !(await MembersAsync(product)).Any(NameIs("2/1")),
            "it has left the layout"
        );
        await product.NodeAsync("remove", 2);
        await WholeAsync(product);

        await stop.CancelAsync();
        var (reads, failures) = await reading;
        Assert.Empty(failures);
        Assert.True(reads > Files, $"{reads} reads");
    }

    private static async Task<(int Reads, IReadOnlyList<string> Failures)> ReadUntilAsync(
        Deployment product,
        User user,
        List<(byte[] Bytes, string Id)> stored,
        CancellationToken stop
    )
    {
        var failures = new List<string>();
        var reads = 0;
        while (!stop.IsCancellationRequested)
        {
            var (bytes, id) = stored[reads++ % stored.Count];
            try
            {
                // As any client does: the first of the URLs that works.
                var (_, links) = await user.CallAsync(HttpMethod.Get, $"/files/download/{id}");
                var back = await FirstAsync(product, links.GetProperty("download_urls"));
                if (!bytes.AsSpan().SequenceEqual(back))
                {
                    failures.Add($"read {reads}: other bytes");
                }
            }
            catch (HttpRequestException error)
            {
                failures.Add($"read {reads}: {error.Message}");
            }
        }

        return (reads, failures);
    }

    private static async Task<byte[]> FirstAsync(Deployment product, JsonElement urls)
    {
        HttpRequestException? last = null;
        foreach (var url in urls.EnumerateArray())
        {
            try
            {
                return await product.Http.GetByteArrayAsync(new Uri(url.GetString()!));
            }
            catch (HttpRequestException error)
            {
                last = error;
            }
        }

        throw last ?? new HttpRequestException("No URL was given.");
    }

    private static async Task<JsonElement> LayoutAsync(Deployment product)
    {
        var (status, body) = await product.Admin.CallAsync(HttpMethod.Get, "/admin/layout");
        Assert.Equal(200, status);
        return body;
    }

    private static async Task<IReadOnlyList<JsonElement>> MembersAsync(Deployment product) =>
        [.. (await LayoutAsync(product)).GetProperty("members").EnumerateArray()];

    private static Func<JsonElement, bool> NameIs(string name) =>
        member => member.GetProperty("volume").GetString() == name;

    private static Task MovedAsync(Deployment product, string what) =>
        CrashTests.UntilAsync(
            async () =>
            {
                var moves = (await LayoutAsync(product)).GetProperty("moves");
                return moves.GetProperty("under_way").GetInt32() + moves.GetProperty("waiting").GetInt32() == 0;
            },
            what,
            seconds: 180
        );

    private static async Task WholeAsync(Deployment product)
    {
        await CrashTests.UntilAsync(
            async () => await product.StatusAsync("under_replicated") == 0,
            "three copies of everything"
        );
        Assert.Equal(0, await product.StatusAsync("missing"));
    }
}
