using FileSharing.Api.Placement;
using FileSharing.Cluster.Map;
using FileSharing.Metadata;

namespace FileSharing.Api.Frontends.Rest;

/// <summary>Moves under way and what comparisons found, as status, health and layout tell it.</summary>
internal sealed class RepairStatus(
    ClusterState cluster,
    LayoutChanges layouts,
    ComparisonStore comparisons,
    PartitionEvidence evidence,
    RepairSettings repair,
    NodeRegistry registry,
    TimeProvider time
)
{
    /// <returns>Null before there is a map.</returns>
    public async Task<MovesMessage?> MovesAsync(IEnumerable<NodeAnswer> answers, CancellationToken ct)
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

    /// <summary>Records of which the nodes know that a copy is to be delivered, or is damaged.</summary>
    public static long QueueOf(IReadOnlyList<NodeMessage> nodes) =>
        nodes.Sum(n => n.Volumes.Sum(v => v.Owed)) + NodeStates.DamagedOf(nodes);

    /// <summary>
    /// Until nothing is left to move or to repair, at least. Null when nobody can say: what is queued, or was lacking at the last comparison, waits for whoever has it, or is to
    /// have it.
    /// </summary>
    public static double? EstimateOf(long queue, MovesMessage? moves, ComparisonsMessage? comparisons) =>
        moves is { UnderWay: > 0 } or { Waiting: > 0 } ? moves.EstimateSeconds
        : queue == 0 && comparisons is not { Lacking: > 0 } ? 0
        : null;

    /// <summary>Partitions without an owner that is up, by their owners.</summary>
    public async Task<IReadOnlyList<UnavailableMessage>> UnavailableAsync(CancellationToken ct)
    {
        if (cluster.Map.Current is not { } map || LastCopies.UnavailableIn(map) is not { Count: > 0 } unavailable)
        {
            return [];
        }

        var directory = await VolumeDirectory.ReadAsync(registry, ct);
        return
        [
            .. unavailable.Select(group => new UnavailableMessage(
                [.. group.Owners.Select(directory.NameOf)],
                group.Partitions
            )),
        ];
    }

    /// <returns>Null before there is a map.</returns>
    public async Task<ComparisonsMessage?> ComparisonsAsync(CancellationToken ct) =>
        await evidence.GetAsync(ct) is { } found
            ? new ComparisonsMessage(
                found.Lacking,
                found.BytesLeft,
                found.NotCompared,
                found.PartitionsDegraded,
                found.PartitionsUnavailable,
                found.OldestAt is { } oldest ? (time.GetUtcNow().UtcDateTime - oldest).TotalSeconds : null
            )
            : null;
}
