using FileSharing.Api.Placement;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Wire;
using FileSharing.Metadata;

namespace FileSharing.Api.Frontends.Rest;

/// <summary>Moves under way and what comparisons found, as status, health and layout tell it.</summary>
internal sealed class RepairStatus(
    ClusterState cluster,
    LayoutChanges layouts,
    ComparisonStore comparisons,
    PartitionEvidence evidence,
    RepairSettings repair,
    TimeProvider time
)
{
    /// <returns>Null before there is a map.</returns>
    public async Task<MovesMessage?> MovesAsync(
        IEnumerable<(MapNode Node, NodeStatus? Status)> answers,
        CancellationToken ct
    )
    {
        if (cluster.Map.Current is not { } map)
        {
            return null;
        }

        var target = LayoutTarget.Of((await layouts.ReadAsync(ct)).Applied!);
        return await MovesAsync(map, target, new PartitionBytes(map, answers), ct);
    }

    public async Task<MovesMessage> MovesAsync(
        ClusterMap map,
        LayoutTarget target,
        PartitionBytes bytes,
        CancellationToken ct
    )
    {
        var reports = await comparisons.OfAsync([.. map.Moves.Select(m => m.Partition)], ct);
        var budget = (await repair.ReadAsync(ct)).RepairBytesPerSecond;
        var moves = MoveOutlook.Of(map, target, reports, bytes, budget);
        return new MovesMessage(moves.UnderWay, moves.Waiting, moves.BytesLeft, moves.Seconds);
    }

    /// <returns>Null before there is a map.</returns>
    public async Task<ComparisonsMessage?> ComparisonsAsync(CancellationToken ct) =>
        await evidence.GetAsync(ct) is { } found
            ? new ComparisonsMessage(
                found.Lacking,
                found.NotCompared,
                found.PartitionsDegraded,
                found.OldestAt is { } oldest ? (time.GetUtcNow().UtcDateTime - oldest).TotalSeconds : null
            )
            : null;
}
