using System.Text;
using System.Text.Json;
using FileSharing.Cluster.Hosting;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.UnitTests.Postgres;
using FileSharing.UnitTests.StorageNode;
using Microsoft.AspNetCore.Http;

namespace FileSharing.UnitTests.Api;

/// <summary>Nodes that are not as they should be, against the real API: what it answers them, and what it tells the administrator of them.</summary>
public sealed class NodeTroubleTests(PostgresFixture postgres) : IAsyncLifetime
{
    private readonly RunningApi api = new(postgres);
    private readonly SettableTime clock = new(TimeProvider.System.GetUtcNow());
    private readonly List<FakeNode> nodes = [];
    private ScriptedApi server = null!;
    private Dictionary<Guid, long> challengesFailed = [];

    public async ValueTask InitializeAsync()
    {
        await api.InitializeAsync();
        server = await ScriptedApi.StartAsync(ServeAsync);
        nodes.Add(await FakeNode.JoinAsync(api, "1", server.Url));
        nodes.Add(await FakeNode.JoinAsync(api, "2"));
        nodes.Add(await FakeNode.JoinAsync(api, "3"));
    }

    public async ValueTask DisposeAsync()
    {
        nodes.ForEach(node => node.Dispose());
        await api.DisposeAsync();
        await server.DisposeAsync();
    }

    [Theory]
    [InlineData(1, @"\b3(600|59\d) s ahead of ")]
    [InlineData(-1, @"\b360\d s behind ")]
    public async Task A_node_whose_clock_is_off_by_an_hour_is_told_so_and_what_to_do(int hours, string expected)
    {
        clock.Now = TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(hours);
        using var late = new FakeNode(api.Url, nodes[0].NodeId, nodes[0].Secrets, clock);

        var refusal = await Assert.ThrowsAsync<NodeCallException>(() => late.BeatAsync());

        Assert.Equal((403, Problem.ClockDiffers), ((int)refusal.StatusCode!, refusal.Problem!.Type));
        Assert.Matches(expected, refusal.Message);
        Assert.Contains("timedatectl", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_names_the_clock_of_a_node_that_is_off_by_an_hour_and_health_counts_the_node_as_away()
    {
        // A line that is watched already goes on; what is asked from now on is refused.
        await UntilAsync(n => TextOf(n, "state") == "up");
        clock.Now = TimeProvider.System.GetUtcNow() - TimeSpan.FromHours(1);
        var node = await UntilAsync(n => TextOf(n, "state") == "unreachable");

        Assert.Matches(@"\b36\d\d s ahead of ", TextOf(node, "reason"));
        Assert.Contains("timedatectl", TextOf(node, "reason"), StringComparison.Ordinal);
        Assert.Equal(0, (await HealthAsync(api.AliceToken)).GetProperty("nodes_reachable").GetInt32());
    }

    [Fact]
    public async Task A_node_of_another_cluster_is_told_that_it_calls_the_wrong_one_and_what_to_do()
    {
        var foreign = nodes[0].Secrets with { ClusterId = Guid.NewGuid(), InternalKey = ClusterSecrets.NewKey() };
        using var stranger = new FakeNode(api.Url, nodes[0].NodeId, foreign, TimeProvider.System);

        var refusal = await Assert.ThrowsAsync<NodeCallException>(() => stranger.BeatAsync());

        Assert.Equal((403, Problem.InternalOnly), ((int)refusal.StatusCode!, refusal.Problem!.Type));
        Assert.Contains("fileshare admin node token", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_two_processes_with_one_identity_the_one_that_has_opened_first_is_refused_and_no_other_node_is()
    {
        await nodes[0].BeatAsync();
        using var copy = await nodes[0].CopyAsync(api);

        var refusals = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => RefusalOfAsync(nodes[0])));

        Assert.All(refusals, refusal => Assert.Equal(Problem.VolumeRefused, refusal.Problem!.Type));
        await copy.BeatAsync();
        await nodes[1].BeatAsync();
        Assert.Equal(Problem.VolumeRefused, (await RefusalOfAsync(nodes[0])).Problem!.Type);
    }

    private static Task<NodeCallException> RefusalOfAsync(FakeNode node) =>
        Assert.ThrowsAsync<NodeCallException>(() => node.BeatAsync());

    [Fact]
    public async Task Status_and_health_name_the_volume_that_could_not_prove_what_it_lists_and_count_its_records()
    {
        // As a second volume of the node would have found it of the first; one that is in no map any more counts nowhere.
        challengesFailed = new() { [nodes[0].VolumeId] = 2, [Guid.NewGuid()] = 7 };

        var node = await UntilAsync(n => TextOf(n, "state") == "up");

        var volume = Assert.Single(node.GetProperty("volumes").EnumerateArray());
        Assert.Equal(2, volume.GetProperty("challenges_failed").GetInt64());
        var status = (await api.CallAsync(HttpMethod.Get, "/admin/status", api.AdminToken)).Body;
        Assert.Equal(2, status.GetProperty("challenges_failed").GetInt64());
        Assert.Equal(2, (await HealthAsync(null)).GetProperty("challenges_failed").GetInt64());
    }

    /// <summary>Node 1 as the API may ask it: the line that is watched, and its status; with the product's own check of the caller.</summary>
    private Task ServeAsync(HttpContext context) =>
        new InternalCallFilter(() => new InternalAuth(nodes[0].Secrets, clock), nodes[0].Map).InvokeAsync(
            context,
            async checkedCall =>
            {
                if (checkedCall.Request.Path == "/internal/v1/status")
                {
                    await checkedCall.Response.WriteAsJsonAsync(Status(), WireJson.Default.NodeStatus);
                    return;
                }

                while (!checkedCall.RequestAborted.IsCancellationRequested)
                {
                    await checkedCall.Response.Body.WriteAsync(Encoding.ASCII.GetBytes("1\n"));
                    await checkedCall.Response.Body.FlushAsync();
                    await Task.Delay(NodeWatch.BeatInterval);
                }
            }
        );

    private NodeStatus Status() =>
        new(
            nodes[0].NodeId,
            "1",
            1,
            [
                VolumeStatus.Of(1, "/disks/1", nodes[0].VolumeId, "writable", reason: null) with
                {
                    ChallengesFailed = challengesFailed,
                },
            ]
        );

    private async Task<JsonElement> HealthAsync(string? token) =>
        (await api.CallAsync(HttpMethod.Get, "/health/cluster", token)).Body;

    /// <summary>Node 1 in the status, when this holds of it.</summary>
    private async Task<JsonElement> UntilAsync(Func<JsonElement, bool> holds)
    {
        for (var i = 0; i < 200; i++)
        {
            var (_, status) = await api.CallAsync(HttpMethod.Get, "/admin/status", api.AdminToken);
            foreach (var node in status.GetProperty("nodes").EnumerateArray())
            {
                if (TextOf(node, "name") == "1" && holds(node))
                {
                    return node;
                }
            }

            await Task.Delay(50);
        }

        throw new InvalidOperationException("Not within 10 s.");
    }

    private static string TextOf(JsonElement element, string member) => element.GetProperty(member).GetString() ?? "";
}
