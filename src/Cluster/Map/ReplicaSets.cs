namespace FileSharing.Cluster.Map;

/// <summary>Makes the sets of a map's partitions; equal ones are one object: 3 volumes have 6 sets, not 16,384.</summary>
internal static class ReplicaSets
{
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
        var distinct = new Dictionary<(ushort, ushort, ushort), ReplicaSet>();
        var sets = new ReplicaSet[PartitionTable.Partitions];
        for (var partition = 0; partition < sets.Length; partition++)
        {
            var owners = order.OwnersOf(partition);
            var isMoving = moveOf.TryGetValue(partition, out var move);
            var key = (owners[0], owners[1], owners[2]);
            if (isMoving || IsAnyDown(owners, volumes))
            {
                var place = isMoving ? owners.IndexOf(table.OwnersOf(partition)[move.Slot]) : -1;
                sets[partition] = Of(volumes, partition, owners, place, isMoving ? move : null);
            }
            else if (!distinct.TryGetValue(key, out sets[partition]!))
            {
                distinct.Add(key, sets[partition] = Of(volumes, partition, owners, movingPlace: -1, move: null));
            }
        }

        return sets;
    }

    private static ReplicaSet Of(
        IReadOnlyList<MapVolume> volumes,
        int partition,
        ReadOnlySpan<ushort> indices,
        int movingPlace,
        ReplicaMove? move
    )
    {
        var owners = new List<MapVolume>(indices.Length);
        foreach (var index in indices)
        {
            if (index != PartitionTable.None)
            {
                owners.Add(volumes[index]);
            }
        }

        var joining = move is { State: MoveState.Copying } coming ? volumes[coming.To] : null;
        var leaving = move is { State: MoveState.Leaving } going ? volumes[going.From] : null;
        var holders = joining is null ? owners : [.. owners, joining];
        return new ReplicaSet(
            [.. owners],
            movingPlace,
            joining,
            leaving,
            HintVolumes.Of(volumes, partition, holders, owners.Count)
        );
    }

    private static bool IsAnyDown(ReadOnlySpan<ushort> owners, IReadOnlyList<MapVolume> volumes)
    {
        foreach (var index in owners)
        {
            if (index != PartitionTable.None && volumes[index].IsDown)
            {
                return true;
            }
        }

        return false;
    }

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
