using FileSharing.Cluster.Map;

namespace FileSharing.StorageNode.Repair;

/// <summary>Which moves to a volume have still to be compared, with which others. One thread.</summary>
/// <param name="time">Says when a source that failed is asked again.</param>
/// <param name="rest">How long it is left alone.</param>
internal sealed class MovesToHere(TimeProvider time, TimeSpan rest)
{
    /// <summary>Moves given out at once for one source: a move that has everything must not wait long for the report about others.</summary>
    private const int BatchMax = 256;

    // What has been reported whole, and needs no second look until the map says something new of it.
    private readonly HashSet<(ReplicaMove Move, Guid Source)> settled = [];

    // Whole too, but compared at a floor that does not count for the move yet.
    private readonly HashSet<(ReplicaMove Move, Guid Source)> early = [];

    // Compared, and still lacking something then: the turn in which that was. What no source can give now must not stand before what can be had.
    private readonly Dictionary<ReplicaMove, int> lacking = [];

    private readonly HashSet<int> underWay = [];
    private readonly Dictionary<Guid, long> failedAt = [];
    private readonly HashSet<Guid> busy = [];
    private int turn;

    /// <summary>
    /// Moves to compare now, a batch for each source that has none under way; those of partitions with the fewest owners that are up come first, those that could not be
    /// brought last. A partition is under way with one source at a time, so that nothing is fetched twice, and with another one at the next turn.
    /// </summary>
    /// <param name="floor">The present one: what was found whole before it counted is compared again when it does.</param>
    public IReadOnlyList<MoveBatch> Take(ClusterMap map, Guid volumeId, long floor)
    {
        var here = map.Moves.Where(move => map.Volumes[move.To].VolumeId == volumeId).ToHashSet();
        settled.RemoveWhere(known => !here.Contains(known.Move));
        early.RemoveWhere(known => !here.Contains(known.Move));
        foreach (var gone in lacking.Keys.Where(move => !here.Contains(move)).ToList())
        {
            lacking.Remove(gone);
        }

        turn++;
        var batches = here.Where(move => !underWay.Contains(move.Partition))
            .Select(move => (Move: move, Source: NextSourceOf(map, move, volumeId, floor)))
            .Where(pair => pair.Source is not null)
            .OrderBy(pair => lacking.GetValueOrDefault(pair.Move))
            .ThenBy(pair => map.ReplicasOf(pair.Move.Partition).Owners.Count(owner => !owner.IsDown))
            .GroupBy(pair => pair.Source!, pair => pair.Move)
            .Select(group => new MoveBatch(group.Key, floor, [.. group.Take(BatchMax)]))
            .ToList();
        foreach (var batch in batches)
        {
            busy.Add(batch.Source.VolumeId);
            underWay.UnionWith(batch.Moves.Select(move => move.Partition));
        }

        return batches;
    }

    /// <summary>The batch is over, and these comparisons have been reported.</summary>
    public void Reported(MoveBatch batch, IReadOnlyList<Compared> compared)
    {
        var source = batch.Source.VolumeId;
        busy.Remove(source);
        underWay.ExceptWith(batch.Moves.Select(move => move.Partition));
        var known = compared.ToDictionary(partition => partition.Partition, partition => partition.Lacking);
        foreach (var move in batch.Moves.Where(move => known.ContainsKey(move.Partition)))
        {
            if (known[move.Partition] > 0)
            {
                lacking[move] = turn;
            }
            else
            {
                (batch.Floor >= move.Since ? settled : early).Add((move, source));
            }
        }

        if (batch.Moves.Any(move => !known.TryGetValue(move.Partition, out var left) || left > 0))
        {
            failedAt[source] = time.GetTimestamp();
        }
    }

    private MapVolume? NextSourceOf(ClusterMap map, ReplicaMove move, Guid volumeId, long floor)
    {
        var due = SourcesOf(map, move, volumeId)
            .Where(source =>
                !settled.Contains((move, source.VolumeId))
                && (floor >= move.Since || !early.Contains((move, source.VolumeId)))
                && !busy.Contains(source.VolumeId)
                && !IsResting(source.VolumeId)
            )
            .ToList();
        return due.Count == 0 ? null : due[(int)((uint)(move.Partition + turn) % (uint)due.Count)];
    }

    private bool IsResting(Guid source) => failedAt.TryGetValue(source, out var at) && time.GetElapsedTime(at) < rest;

    private static IEnumerable<MapVolume> SourcesOf(ClusterMap map, ReplicaMove move, Guid volumeId) =>
        move.State == MoveState.Leaving
            ? [map.Volumes[move.From]]
            : map.ReplicasOf(move.Partition).Owners.Where(owner => owner.VolumeId != volumeId);
}

/// <summary>Moves whose partitions are compared with one source.</summary>
/// <param name="Floor">At which the comparison begins: a move is done with only from the floor of its own map on.</param>
internal sealed record MoveBatch(MapVolume Source, long Floor, IReadOnlyList<ReplicaMove> Moves);
