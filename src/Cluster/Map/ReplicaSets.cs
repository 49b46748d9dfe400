namespace FileSharing.Cluster.Map;

/// <summary>
/// Makes the sets of a map's partitions; equal ones are one object: 3 volumes have 6 sets, not 16,384. A new map is taken every second while replicas are on the move, by every
/// process.
/// </summary>
internal static class ReplicaSets
{
    /// <summary>All that a set is made of, by index into the volumes of the map.</summary>
    private readonly record struct Parts(Three Owners, Three Hints, int MovingPlace, ushort Joining, ushort Leaving);

    private readonly record struct Three(ushort First, ushort Second, ushort Third)
    {
        public static Three Of(ReadOnlySpan<ushort> indices) => new(indices[0], indices[1], indices[2]);

        public MapVolume?[] In(IReadOnlyList<MapVolume> volumes) =>
            [VolumeOf(volumes, First), VolumeOf(volumes, Second), VolumeOf(volumes, Third)];
    }

    /// <exception cref="ArgumentException">A move does not fit the table.</exception>
    public static ReplicaSet[] Of(
        IReadOnlyList<MapVolume> volumes,
        PartitionTable table,
        IReadOnlyList<ReplicaMove> moves
    )
    {
        var moveOf = new Dictionary<int, ReplicaMove>(moves.Count);
        foreach (var move in moves)
        {
            Check(move, table, volumes.Count);
            if (!moveOf.TryAdd(move.Partition, move))
            {
                throw new ArgumentException(
                    $"Two replicas of partition {move.Partition} are on the move.",
                    nameof(moves)
                );
            }
        }

        var order = ReadOrder.Of(table);
        var distinct = new Dictionary<Parts, ReplicaSet>();
        var sets = new ReplicaSet[PartitionTable.Partitions];
        for (var partition = 0; partition < sets.Length; partition++)
        {
            ReplicaMove? move = moveOf.TryGetValue(partition, out var found) ? found : null;
            var parts = PartsOf(volumes, table, order.OwnersOf(partition), partition, move);
            if (!distinct.TryGetValue(parts, out sets[partition]!))
            {
                distinct.Add(parts, sets[partition] = Of(volumes, parts));
            }
        }

        return sets;
    }

    private static Parts PartsOf(
        IReadOnlyList<MapVolume> volumes,
        PartitionTable table,
        ReadOnlySpan<ushort> owners,
        int partition,
        ReplicaMove? move
    )
    {
        var joining = move is { State: MoveState.Copying } coming ? coming.To : PartitionTable.None;
        var leaving = move is { State: MoveState.Leaving } going ? going.From : PartitionTable.None;
        var place = move is { } one ? owners.IndexOf(table.OwnersOf(partition)[one.Slot]) : -1;

        // An owner that there is not comes last.
        var none = owners.IndexOf(PartitionTable.None);
        var count = none < 0 ? owners.Length : none;
        Span<ushort> holders = [.. owners[..count], joining];
        Span<ushort> hints = [PartitionTable.None, PartitionTable.None, PartitionTable.None];
        HintVolumes.Find(volumes, partition, holders, hints[..count]);
        return new Parts(Three.Of(owners), Three.Of(hints), place, joining, leaving);
    }

    private static ReplicaSet Of(IReadOnlyList<MapVolume> volumes, Parts parts) =>
        new(
            [.. parts.Owners.In(volumes).OfType<MapVolume>()],
            parts.MovingPlace,
            VolumeOf(volumes, parts.Joining),
            VolumeOf(volumes, parts.Leaving),
            parts.Hints.In(volumes)
        );

    private static MapVolume? VolumeOf(IReadOnlyList<MapVolume> volumes, ushort index) =>
        index == PartitionTable.None ? null : volumes[index];

    private static void Check(ReplicaMove move, PartitionTable table, int volumes)
    {
        var isInside =
            move.Partition is >= 0 and < PartitionTable.Partitions
            && move.Slot is >= 0 and < PartitionTable.Replicas
            && move.From < volumes
            && move.To < volumes;
        var owner = isInside ? table.OwnersOf(move.Partition)[move.Slot] : PartitionTable.None;
        if (!isInside || owner != (move.State == MoveState.Copying ? move.From : move.To))
        {
            throw new ArgumentException($"A move of partition {move.Partition} does not fit the table.", nameof(move));
        }
    }
}
