using FileSharing.Cluster.Map;

namespace FileSharing.StorageNode.Repair;

/// <summary>Which moves to a volume have still to be compared, with which others. One thread.</summary>
internal sealed class MovesToHere
{
    // What has been reported whole, and needs no second look until the map says something new of it.
    private readonly HashSet<(ReplicaMove Move, Guid Source)> settled = [];

    /// <summary>The moves to compare by source; those of partitions with the fewest owners that are up come first.</summary>
    public IReadOnlyList<(MapVolume Source, IReadOnlyList<ReplicaMove> Moves)> Due(ClusterMap map, Guid volumeId)
    {
        var here = map.Moves.Where(move => map.Volumes[move.To].VolumeId == volumeId).ToHashSet();
        settled.RemoveWhere(known => !here.Contains(known.Move));
        return
        [
            .. here.SelectMany(move => SourcesOf(map, move, volumeId).Select(source => (Source: source, Move: move)))
                .Where(pair => !settled.Contains((pair.Move, pair.Source.VolumeId)))
                .OrderBy(pair => map.ReplicasOf(pair.Move.Partition).Owners.Count(owner => !owner.IsDown))
                .GroupBy(pair => pair.Source, pair => pair.Move)
                .Select(group => (group.Key, (IReadOnlyList<ReplicaMove>)[.. group])),
        ];
    }

    /// <summary>These comparisons have been reported.</summary>
    /// <param name="floor">At which they began: a move is done with only from the floor of its own map on.</param>
    public void Reported(
        MapVolume source,
        long floor,
        IReadOnlyList<ReplicaMove> moves,
        IReadOnlyList<Compared> compared
    )
    {
        var whole = compared
            .Where(partition => partition.Lacking == 0)
            .Select(partition => partition.Partition)
            .ToHashSet();
        foreach (var move in moves.Where(move => floor >= move.Since && whole.Contains(move.Partition)))
        {
            settled.Add((move, source.VolumeId));
        }
    }

    private static IEnumerable<MapVolume> SourcesOf(ClusterMap map, ReplicaMove move, Guid volumeId) =>
        move.State == MoveState.Leaving
            ? [map.Volumes[move.From]]
            : map.ReplicasOf(move.Partition).Owners.Where(owner => owner.VolumeId != volumeId);
}
