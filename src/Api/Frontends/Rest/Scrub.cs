using FileSharing.Api.Placement;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Logging;

namespace FileSharing.Api.Frontends.Rest;

/// <summary>POST /admin/scrub, GET /admin/scrub: whole scrubs of one volume or of all, and how far they are.</summary>
internal sealed class Scrub(ClusterState cluster, NodeStates states, NodeClient nodes, ILogger<Scrub> log)
{
    /// <summary>The state of a volume that cannot be asked.</summary>
    private const string Away = "away";

    public static async Task<Accepted<ScrubReply>> StartAsync(
        ScrubRequest? request,
        HttpContext context,
        Scrub scrub
    ) => TypedResults.Accepted("/admin/scrub", await scrub.StartAsync(request?.Volume, context.RequestAborted));

    public static Task<ScrubReply> GetAsync(string? volume, HttpContext context, Scrub scrub) =>
        scrub.GetAsync(volume, context.RequestAborted);

    private Task<ScrubReply> StartAsync(string? volume, CancellationToken ct) =>
        AskAsync(volume, nodes.StartScrubAsync, ct);

    private Task<ScrubReply> GetAsync(string? volume, CancellationToken ct) =>
        AskAsync(volume, nodes.ScrubStatusAsync, ct);

    private async Task<ScrubReply> AskAsync(
        string? wanted,
        Func<MapNode, Guid, CancellationToken, Task<ScrubStatus>> ask,
        CancellationToken ct
    )
    {
        var all = (await states.AllAsync(ct)).SelectMany(VolumesOf);
        var chosen = all.Where(target => wanted is null || target.IsCalled(wanted)).ToList();
        return chosen.Count > 0
            ? new ScrubReply(await Task.WhenAll(chosen.Select(target => OneAsync(target, ask, ct))))
            : throw new ApiException(
                ApiError.NotFound,
                $"There is no volume '{wanted}'. GET /admin/status lists their names and ids."
            );
    }

    /// <summary>What is known of the volumes of a node; of one that does not answer, what the map says.</summary>
    private IEnumerable<Target> VolumesOf(NodeMessage node)
    {
        var map = cluster.Map.Required;
        var mapNode = map.Nodes.First(n => n.NodeId == node.NodeId);
        return node.State == NodeStates.Up
            ? node.Volumes.Select(v => new Target(mapNode, v.Name, v.VolumeId, v.Reason))
            : map
                .Volumes.Where(v => v.NodeId == node.NodeId)
                .Select(v => new Target(mapNode, null, v.VolumeId, $"Node {node.Name} cannot be reached."));
    }

    private async Task<ScrubMessage> OneAsync(
        Target target,
        Func<MapNode, Guid, CancellationToken, Task<ScrubStatus>> ask,
        CancellationToken ct
    )
    {
        if (target is not { VolumeId: { } id, Name: not null })
        {
            return target.ToMessage(Away, target.Reason);
        }

        try
        {
            return target.ToMessage(await ask(target.Node, id, ct));
        }
        catch (Exception e) when (NodeCalls.IsFailure(e, ct))
        {
            log.NodeCallFailed("scrub", e.Message);
            return target.ToMessage(Away, e.Message);
        }
    }

    private sealed record Target(MapNode Node, string? Name, Guid? VolumeId, string? Reason)
    {
        public bool IsCalled(string wanted) => wanted == Name || (Guid.TryParse(wanted, out var id) && id == VolumeId);

        public ScrubMessage ToMessage(string state, string? reason) =>
            new(Name ?? $"{VolumeId}", VolumeId, 0, state, 0, 0, 0, 0, 0, 0, 0, 0, null, reason);

        public ScrubMessage ToMessage(ScrubStatus status) =>
            new(
                Name ?? $"{VolumeId}",
                VolumeId,
                status.Run,
                status.State,
                status.SegmentsDone,
                status.Segments,
                status.BytesDone,
                status.Bytes,
                status.Records,
                status.Damaged,
                status.IndexMismatches,
                status.DamagedPlaces,
                status.FinishedAt,
                status.Reason
            );
    }
}
