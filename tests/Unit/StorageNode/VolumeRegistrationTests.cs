using System.Collections.Concurrent;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Volumes;
using Microsoft.AspNetCore.Http;

namespace FileSharing.UnitTests.StorageNode;

/// <summary>What a node of two volumes tells the API of them, and what it makes of a refusal.</summary>
public sealed class VolumeRegistrationTests
{
    private readonly ConcurrentQueue<RegisterRequest> accepted = new();
    private Func<RegisterRequest, bool> isRefused = _ => false;
    private volatile bool isAway;
    private volatile bool isSuperseded;

    [Fact]
    public async Task A_volume_that_is_opened_later_is_registered_then_and_by_itself()
    {
        await using var api = await ScriptedApi.StartAsync(AnswerAsync);
        string? garbage = null;
        await using var cluster = await NodeCluster.StartAsync(settings =>
        {
            var two = NodeCluster.WithTwoVolumes(settings) with { ApiUrl = api.Url };
            if (two.Volumes.Count > 1)
            {
                garbage = Path.Combine(Directory.CreateDirectory(two.Volumes[1]).FullName, "garbage");
                File.WriteAllText(garbage, "not a volume");
            }

            return two;
        });
        await NodeCluster.EventuallyAsync(() => OfFirstNode(cluster).Count == 1, "the good volume is registered");

        File.Delete(garbage!);

        await NodeCluster.EventuallyAsync(() => OfFirstNode(cluster).Count == 2, "the other one is registered");
        var open = cluster.Nodes[0]!.Volumes.Open;
        Assert.Equal(
            [
                [open[0].VolumeId],
                [open[1].VolumeId],
            ],
            OfFirstNode(cluster).Select(request => request.Volumes.Select(volume => volume.VolumeId))
        );
    }

    [Fact]
    public async Task A_refused_volume_is_closed_for_good_and_the_other_one_is_registered_and_stays()
    {
        Guid? copy = null;
        isRefused = request =>
        {
            copy ??= request.Volumes.Count > 1 ? request.Volumes[1].VolumeId : null;
            return request.Volumes.Any(volume => volume.VolumeId == copy);
        };
        await using var api = await ScriptedApi.StartAsync(AnswerAsync);
        await using var cluster = await NodeCluster.StartAsync(settings =>
            NodeCluster.WithTwoVolumes(settings) with
            {
                ApiUrl = api.Url,
            }
        );
        var node = cluster.Nodes[0]!;

        await NodeCluster.EventuallyAsync(
            () => node.Supervisor.Slots[1].Standing.State == VolumeState.Refused,
            "the copy is closed"
        );
        await NodeCluster.EventuallyAsync(() => OfFirstNode(cluster).Count == 1, "the good volume is registered");
        await Task.Delay(VolumeSupervisor.RetryPause + TimeSpan.FromSeconds(1));

        Assert.Equal("of the test", node.Supervisor.Slots[1].Standing.Reason);
        Assert.Equal(VolumeState.Refused, node.Supervisor.Slots[1].Standing.State);
        Assert.Equal(node.Volumes.Open.Single().VolumeId, OfFirstNode(cluster).Single().Volumes.Single().VolumeId);
        Assert.False(node.Completion.IsCompleted);
    }

    [Fact]
    public async Task A_refused_volume_does_not_become_acceptable_by_being_opened_again_and_again()
    {
        // As the API does that has recorded opening 3 of the second volume, the copy having been made before the first.
        isRefused = request => request.Volumes.Any(v => v is { Number: 2, PreviousIncarnation: < 3 });
        await using var api = await ScriptedApi.StartAsync(AnswerAsync);
        await using var cluster = await NodeCluster.StartAsync(settings =>
            NodeCluster.WithTwoVolumes(settings) with
            {
                ApiUrl = api.Url,
            }
        );
        for (var opening = 1; opening <= 5; opening++)
        {
            var slot = cluster.Nodes[0]!.Supervisor.Slots[1];
            await NodeCluster.EventuallyAsync(
                () => slot.Standing.State == VolumeState.Refused,
                $"opening {opening} is refused"
            );
            await cluster.StopNodeAsync(0);
            await cluster.RestartNodeAsync(0);
        }

        isRefused = _ => false;
        await cluster.StopNodeAsync(0);
        await cluster.RestartNodeAsync(0);
        await NodeCluster.EventuallyAsync(
            () => OfFirstNode(cluster).Any(request => request.Volumes.Any(volume => volume.Number == 2)),
            "the cluster takes it after all"
        );
        Assert.False(File.Exists(Path.Combine(cluster.DataOf(0), "volume-2", "refused")));
    }

    [Fact]
    public async Task A_volume_that_another_process_has_opened_since_is_closed_and_the_other_one_stays()
    {
        await using var api = await ScriptedApi.StartAsync(AnswerAsync);
        await using var cluster = await NodeCluster.StartAsync(settings =>
            NodeCluster.WithTwoVolumes(settings) with
            {
                ApiUrl = api.Url,
            }
        );
        var node = cluster.Nodes[0]!;
        await NodeCluster.EventuallyAsync(() => OfFirstNode(cluster).Count == 1, "both volumes are registered");

        isRefused = request => request.Volumes.Any(v => v is { Number: 2, PreviousIncarnation: < 2 });
        isSuperseded = true;

        await NodeCluster.EventuallyAsync(
            () => node.Supervisor.Slots[1].Standing.State == VolumeState.Refused,
            "the second one is closed"
        );
        Assert.Equal(VolumeState.Open, node.Supervisor.Slots[0].Standing.State);
        Assert.False(node.Completion.IsCompleted);
    }

    [Fact]
    public async Task A_node_whose_volumes_are_all_refused_ends()
    {
        isRefused = _ => true;
        isAway = true;
        await using var api = await ScriptedApi.StartAsync(AnswerAsync);
        await using var cluster = await NodeCluster.StartAsync(settings =>
            NodeCluster.WithTwoVolumes(settings) with
            {
                ApiUrl = api.Url,
            }
        );

        isAway = false;
        var refusal = await Assert.ThrowsAsync<NodeCallException>(() =>
            cluster.Nodes[0]!.Completion.WaitAsync(TimeSpan.FromSeconds(20))
        );

        Assert.Equal("of the test", refusal.Message);
    }

    private List<RegisterRequest> OfFirstNode(NodeCluster cluster) =>
        [.. accepted.Where(request => request.NodeId == cluster.Nodes[0]?.NodeId)];

    private async Task AnswerAsync(HttpContext context)
    {
        if (isAway)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        if (context.Request.Path != "/internal/v1/nodes/register")
        {
            await (isSuperseded ? RefuseAsync(context) : AnswerNothingNewAsync(context));
            return;
        }

        var request = (await context.Request.ReadFromJsonAsync(WireJson.Default.RegisterRequest))!;
        if (isRefused(request))
        {
            await RefuseAsync(context);
            return;
        }

        accepted.Enqueue(request);
        await context.Response.WriteAsJsonAsync(new RegisterReply(null), WireJson.Default.RegisterReply);
    }

    private static Task AnswerNothingNewAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status304NotModified;
        return Task.CompletedTask;
    }

    private static Task RefuseAsync(HttpContext context)
    {
        var problem = new Problem(Problem.VolumeRefused, "Conflict", 409, "of the test", null);
        context.Response.StatusCode = StatusCodes.Status409Conflict;
        return context.Response.WriteAsJsonAsync(problem, WireJson.Default.Problem, Problem.MediaType);
    }
}
