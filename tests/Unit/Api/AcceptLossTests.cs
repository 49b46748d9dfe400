using System.Text.Json;
using FileSharing.Cluster.Map;
using FileSharing.UnitTests.Postgres;

namespace FileSharing.UnitTests.Api;

/// <summary>All owners lose their disks, against the real server and Postgres; the nodes are played by the test.</summary>
public sealed class AcceptLossTests(PostgresFixture postgres) : IAsyncLifetime
{
    private readonly RunningApi api = new(postgres) { DownAfterSeconds = 5 };
    private readonly CancellationTokenSource stop = new();
    private readonly List<FakeNode> nodes = [];
    private volatile bool haveDisks = true;
    private Task beating = Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        await api.InitializeAsync();
        for (var i = 1; i <= 6; i++)
        {
            nodes.Add(await FakeNode.JoinAsync(api, $"{i}"));
        }

        beating = Task.Run(BeatAsync);
        await RunningApi.UntilAsync(() => Task.FromResult(nodes[0].Map.Current is not null), "there is a map");
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await beating;
        nodes.ForEach(node => node.Dispose());
        stop.Dispose();
        await api.DisposeAsync();
    }

    [Fact]
    public async Task When_all_owners_are_gone_status_names_them_and_the_layout_goes_on_once_the_loss_is_accepted()
    {
        Assert.Equal((409, "layout-refused"), await AcceptAsync("1/1"));
        Assert.Equal((404, "not-found"), await AcceptAsync("9/1"));
        Assert.Equal((400, "invalid-request"), await AcceptAsync());

        haveDisks = false;
        await RunningApi.UntilAsync(
            async () => States(await ShowAsync()) is ["cut off", "cut off", "cut off"],
            "their disks are gone, and nobody waits for them"
        );
        var unavailable = Assert.Single((await StatusAsync()).GetProperty("unavailable").EnumerateArray());
        Assert.Equal(
            ["1/1", "2/1", "3/1"],
            unavailable.GetProperty("volumes").EnumerateArray().Select(v => v.GetString())
        );
        Assert.Equal(PartitionTable.Partitions, unavailable.GetProperty("partitions").GetArrayLength());
        Assert.Equal(
            PartitionTable.Partitions,
            (await StatusAsync()).GetProperty("comparisons").GetProperty("partitions_unavailable").GetInt32()
        );

        // Without others that take their place there is nothing to go on with.
        Assert.Equal((409, "layout-refused"), await AcceptAsync("1/1", "2/1", "3/1"));
        foreach (var name in (string[])["4/1", "5/1", "6/1"])
        {
            await OkAsync("changes", new { operation = "add", volume = name });
        }

        await OkAsync("apply");
        await OkAsync("changes", new { operation = "remove", volume = "1/1" });
        Assert.Equal((409, "layout-refused"), await PostAsync("plan"));
        await OkAsync("revert");

        Assert.Equal(200, (await AcceptAsync("1/1", "2/1", "3/1")).Status);

        var layout = await ShowAsync();
        Assert.Equal("accept the loss of 1/1, 2/1, 3/1", layout.GetProperty("reason").GetString());
        Assert.Equal("admin@localhost", layout.GetProperty("author").GetString());
        Assert.Equal(["lost", "lost", "lost", "up", "up", "up"], States(layout));
        await RunningApi.UntilAsync(
            async () =>
                (await StatusAsync()).GetProperty("unavailable").GetArrayLength() == 0
                && (await ShowAsync()).GetProperty("moves").GetProperty("waiting").GetInt32()
                    < 3 * PartitionTable.Partitions,
            "partitions have owners that are up"
        );
    }

    [Fact]
    public async Task Losses_are_for_administrators_and_only_of_volumes_that_are_cut_off()
    {
        Assert.Equal(403, (await api.CallAsync(HttpMethod.Get, "/admin/layout/losses", api.AliceToken)).Status);
        Assert.Equal(403, (await api.CallAsync(HttpMethod.Post, "/admin/layout/accept-loss", api.AliceToken)).Status);

        var (status, problem) = await api.CallAsync(HttpMethod.Get, "/admin/layout/losses?volume=1/1", api.AdminToken);
        Assert.Equal(409, status);
        Assert.Contains("Volume 1/1 is up", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);

        var (_, none) = await api.CallAsync(HttpMethod.Get, "/admin/layout/losses", api.AdminToken);
        Assert.Empty(none.GetProperty("items").EnumerateArray());
        Assert.Equal(JsonValueKind.Null, none.GetProperty("next_cursor").ValueKind);
        Assert.Equal(
            400,
            (await api.CallAsync(HttpMethod.Get, "/admin/layout/losses?cursor=AAAA", api.AdminToken)).Status
        );
    }

    /// <summary>The first three are heard of all the same when their disks are gone.</summary>
    private async Task BeatAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            foreach (var (i, node) in nodes.Index())
            {
                await (i < 3 && !haveDisks ? node.BeatAsync(Guid.NewGuid()) : node.BeatAsync());
            }

            await Task.Delay(TimeSpan.FromMilliseconds(250), CancellationToken.None);
        }
    }

    private async Task<JsonElement> ShowAsync() =>
        (await api.CallAsync(HttpMethod.Get, "/admin/layout", api.AdminToken)).Body;

    private async Task<JsonElement> StatusAsync() =>
        (await api.CallAsync(HttpMethod.Get, "/admin/status", api.AdminToken)).Body;

    private static IReadOnlyList<string> States(JsonElement layout) =>
        [.. layout.GetProperty("members").EnumerateArray().Select(m => m.GetProperty("state").GetString()!)];

    private Task<(int Status, string? Type)> AcceptAsync(params string[] volumes) =>
        PostAsync("accept-loss", new { volumes });

    private async Task OkAsync(string verb, object? body = null) =>
        Assert.Equal((200, null), await PostAsync(verb, body));

    private async Task<(int Status, string? Type)> PostAsync(string verb, object? body = null)
    {
        var (status, reply) = await api.CallAsync(HttpMethod.Post, $"/admin/layout/{verb}", api.AdminToken, body);
        return (status, reply.TryGetProperty("type", out var type) ? type.GetString()!.Split(':')[^1] : null);
    }
}
