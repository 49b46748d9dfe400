using System.Text.Json;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Membership;
using FileSharing.UnitTests.Postgres;

namespace FileSharing.UnitTests.Api;

/// <summary>Membership and layout against the real server and Postgres; the nodes are played by the test.</summary>
public sealed class LayoutTests(PostgresFixture postgres) : IAsyncLifetime
{
    private static readonly TimeSpan BeatEvery = TimeSpan.FromMilliseconds(250);

    private readonly RunningApi api = new(postgres) { DownAfterSeconds = 5 };
    private readonly CancellationTokenSource stop = new();
    private readonly List<FakeNode> nodes = [];
    private readonly HashSet<FakeNode> silent = [];
    private Task beating = Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        await api.InitializeAsync();
        for (var i = 1; i <= 4; i++)
        {
            nodes.Add(await FakeNode.JoinAsync(api, $"{i}"));
        }

        beating = Task.Run(BeatAsync);
        await UntilAsync(() => nodes[0].Map.Current is not null, "there is a map");
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
    public async Task A_volume_is_added_by_name_planned_applied_moved_to_and_reverted()
    {
        Assert.Equal(["1/1", "2/1", "3/1"], Names(await ShowAsync()));
        Assert.Equal((409, "layout-refused"), await PostAsync("plan"));

        var staged = await ChangeAsync("add", "4/1");
        Assert.Equal("add 4/1", staged.GetProperty("staged").GetProperty("reason").GetString());
        var plan = await OkAsync("plan");
        Assert.Equal(12_288, plan.GetProperty("moves").GetInt32());
        Assert.Equal(12_288, plan.GetProperty("moves_min").GetInt32());

        Assert.Equal((409, "plan-changed"), await PostAsync("apply", new { plan = "0123456789abcdef" }));
        await OkAsync("apply", new { plan = plan.GetProperty("plan").GetString() });

        await UntilAsync(() => Map.Moves.Count == 2_048, "moves begin");
        await RunningApi.UntilAsync(
            async () => (await ShowAsync()).GetProperty("floor").GetInt64() >= Map.Moves[0].Since,
            "all have the map"
        );
        var move = Map.Moves[0];
        await ReportAsync(move, Map.ReplicasOf(move.Partition).Owners.Select(o => o.VolumeId));
        await UntilAsync(
            () => Map.Moves.Any(m => m.Partition == move.Partition && m.State == MoveState.Leaving),
            "the new owner is one"
        );
        var leaving = Map.Moves.First(m => m.Partition == move.Partition);
        await RunningApi.UntilAsync(
            async () => (await ShowAsync()).GetProperty("floor").GetInt64() >= leaving.Since,
            "all have that map too"
        );
        await ReportAsync(leaving, [Map.Volumes[leaving.From].VolumeId]);
        await UntilAsync(() => Map.Moves.All(m => m.Partition != move.Partition), "the old copy leaves");

        var moves = (await ShowAsync()).GetProperty("moves");
        Assert.Equal(2_048, moves.GetProperty("under_way").GetInt32());
        Assert.Equal(12_288 - 2_048 - 1, moves.GetProperty("waiting").GetInt32());

        Assert.Equal("applied", (await OkAsync("revert")).GetProperty("reverted").GetString());
        await UntilAsync(
            () => Map.Moves is [{ State: MoveState.Copying } back] && back.Partition == move.Partition,
            "only what had moved goes back"
        );
        Assert.Equal((409, "conflict"), await PostAsync("revert"));
    }

    [Fact]
    public async Task A_silent_node_is_down_after_a_while_and_up_again_with_its_next_heartbeat()
    {
        lock (silent)
        {
            silent.Add(nodes[2]);
        }

        await UntilAsync(() => Map.Volumes.Count(v => v.IsDown) == 1, "the silent node is down");
        Assert.Equal(nodes[2].VolumeId, Map.Volumes.Single(v => v.IsDown).VolumeId);
        Assert.Contains(
            "down",
            (await ShowAsync()).GetProperty("members").EnumerateArray().Select(m => m.GetProperty("state").GetString())
        );
        lock (silent)
        {
            silent.Clear();
        }

        await UntilAsync(() => Map.Volumes.All(v => !v.IsDown), "it is up again");
    }

    [Fact]
    public async Task Each_answer_to_a_heartbeat_has_floor_and_budget_also_one_without_news()
    {
        Assert.Equal(
            200,
            (
                await api.CallAsync(
                    HttpMethod.Put,
                    "/admin/repair/budget",
                    api.AdminToken,
                    new { bytes_per_second = 12345, share = 0.125 }
                )
            ).Status
        );
        await RunningApi.UntilAsync(
            async () => await nodes[0].BeatAsync() is { Floor: > 0, Repair: { BytesPerSecond: 12345, Share: 0.125 } },
            "floor and budget come"
        );
        var known = await nodes[0].BeatAsync();
        var again = await nodes[0].BeatAgainAsync(known.Tag!);

        Assert.Null(again.News);
        Assert.Equal((known.Floor, new RepairPace(12345, 0.125)), (again.Floor, again.Repair));
    }

    [Theory]
    [InlineData("""{"bytes_per_second":0}""", "Give a number of bytes a second")]
    [InlineData("""{"share":0}""", "Give a share from 0.0001 to 1")]
    [InlineData("{}", "bytes_per_second or share is needed")]
    public async Task A_budget_of_zero_is_refused_and_the_message_says_what_to_do(string budget, string expected)
    {
        var (status, problem) = await api.CallAsync(
            HttpMethod.Put,
            "/admin/repair/budget",
            api.AdminToken,
            JsonDocument.Parse(budget).RootElement
        );

        Assert.Equal(400, status);
        Assert.Contains(expected, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reports_of_partitions_that_are_none_are_refused()
    {
        var error = await Assert.ThrowsAsync<NodeCallException>(() =>
            nodes[0].ReportAsync(new PartitionReport(16_384, nodes[0].VolumeId, nodes[1].VolumeId, 1, 0, 0, 0))
        );

        Assert.Equal(400, (int)error.StatusCode!);
    }

    [Fact]
    public async Task Status_and_health_show_moves_and_what_was_found_by_comparison()
    {
        var owners = Map.ReplicasOf(7).Owners;
        await nodes[0].ReportAsync(new PartitionReport(7, owners[0].VolumeId, owners[1].VolumeId, 1, 5, 3, 300));

        var status = (await api.CallAsync(HttpMethod.Get, "/admin/status", api.AdminToken)).Body;
        var health = (await api.CallAsync(HttpMethod.Get, "/health/cluster", null)).Body;

        Assert.All(
            new[] { status, health },
            answer =>
            {
                Assert.Equal(3, answer.GetProperty("comparisons").GetProperty("lacking").GetInt64());
                Assert.Equal(300, answer.GetProperty("comparisons").GetProperty("bytes_left").GetInt64());
                Assert.Equal(JsonValueKind.Null, answer.GetProperty("repair_estimate_seconds").ValueKind);
                Assert.Equal(
                    (16_384 * 6) - 1,
                    answer.GetProperty("comparisons").GetProperty("not_compared").GetInt64()
                );
                Assert.Equal(0, answer.GetProperty("moves").GetProperty("under_way").GetInt32());
            }
        );
    }

    [Fact]
    public async Task The_layout_is_for_administrators()
    {
        Assert.Equal(403, (await api.CallAsync(HttpMethod.Get, "/admin/layout", api.AliceToken)).Status);
        Assert.Equal(403, (await api.CallAsync(HttpMethod.Post, "/admin/layout/apply", api.AliceToken)).Status);
        Assert.Equal(403, (await api.CallAsync(HttpMethod.Get, "/admin/repair/budget", api.AliceToken)).Status);
    }

    private ClusterMap Map => nodes[0].Map.Required;

    private Task ReportAsync(ReplicaMove move, IEnumerable<Guid> sources) =>
        nodes[3]
            .ReportAsync([
                .. sources.Select(source => new PartitionReport(
                    move.Partition,
                    nodes[3].VolumeId,
                    source,
                    Map.Version,
                    1,
                    0,
                    0
                )),
            ]);

    private async Task BeatAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            List<FakeNode> heard;
            lock (silent)
            {
                heard = [.. nodes.Where(node => !silent.Contains(node))];
            }

            foreach (var node in heard)
            {
                await node.BeatAsync();
            }

            await Task.Delay(BeatEvery, CancellationToken.None);
        }
    }

    private async Task<JsonElement> ShowAsync() =>
        (await api.CallAsync(HttpMethod.Get, "/admin/layout", api.AdminToken)).Body;

    private async Task<JsonElement> ChangeAsync(string operation, string volume) =>
        await OkAsync("changes", new { operation, volume });

    private async Task<JsonElement> OkAsync(string verb, object? body = null)
    {
        var (status, reply) = await api.CallAsync(HttpMethod.Post, $"/admin/layout/{verb}", api.AdminToken, body);
        Assert.True(status == 200, $"{verb}: {status} {reply}");
        return reply;
    }

    private async Task<(int Status, string Type)> PostAsync(string verb, object? body = null)
    {
        var (status, reply) = await api.CallAsync(HttpMethod.Post, $"/admin/layout/{verb}", api.AdminToken, body);
        return (status, reply.GetProperty("type").GetString()!.Split(':')[^1]);
    }

    private static IEnumerable<string> Names(JsonElement layout) =>
        layout.GetProperty("members").EnumerateArray().Select(m => m.GetProperty("volume").GetString()!);

    private static Task UntilAsync(Func<bool> isSo, string what) =>
        RunningApi.UntilAsync(() => Task.FromResult(isSo()), what);
}
