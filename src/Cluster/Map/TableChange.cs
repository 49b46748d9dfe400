namespace FileSharing.Cluster.Map;

/// <summary>One replica of a partition goes from one volume to another.</summary>
/// <param name="Slot">Position within the three owners: 0, 1 or 2.</param>
/// <param name="From">Index of the volume that has it, <see cref="PartitionTable.None"/> when it is lost and comes from the other owners.</param>
/// <param name="To">Index of the volume that gets it.</param>
public readonly record struct PartitionMove(int Partition, int Slot, ushort From, ushort To);

/// <summary>What differs between two tables over the same list of volumes. Immutable.</summary>
public sealed class TableChange
{
    private TableChange(IReadOnlyList<PartitionMove> moves, int volumes)
    {
        var gains = new int[volumes];
        var losses = new int[volumes];
        foreach (var move in moves)
        {
            if (move.From != PartitionTable.None)
            {
                losses[move.From]++;
            }

            if (move.To != PartitionTable.None)
            {
                gains[move.To]++;
            }
        }

        Moves = moves;
        Gains = gains;
        Losses = losses;
    }

    /// <summary>By partition and slot.</summary>
    public IReadOnlyList<PartitionMove> Moves { get; }

    /// <summary>Replicas that each volume gets.</summary>
    public IReadOnlyList<int> Gains { get; }

    /// <summary>Replicas that each volume gives away.</summary>
    public IReadOnlyList<int> Losses { get; }

    /// <param name="before">The present table.</param>
    /// <param name="after">The table to come, over the same list.</param>
    /// <param name="volumes">Length of that list.</param>
    /// <exception cref="ArgumentException">A table names a volume beyond the list.</exception>
    public static TableChange Between(PartitionTable before, PartitionTable after, int volumes)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        before.CountsOf(volumes);
        after.CountsOf(volumes);
        var moves = new List<PartitionMove>();
        for (var partition = 0; partition < PartitionTable.Partitions; partition++)
        {
            var from = before.OwnersOf(partition);
            var to = after.OwnersOf(partition);
            for (var slot = 0; slot < from.Length; slot++)
            {
                if (from[slot] != to[slot])
                {
                    moves.Add(new PartitionMove(partition, slot, from[slot], to[slot]));
                }
            }
        }

        return new TableChange(moves, volumes);
    }
}
