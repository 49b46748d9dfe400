namespace FileSharing.Cluster.Map;

/// <summary>
/// Who is asked first: a pure function of the table, made when a map is loaded and kept nowhere. The slots of a table say nothing about it, because they
/// must not change while a replica stays; here each volume comes first in a third of its partitions, whatever changes the table has been through.
/// </summary>
public static class ReadOrder
{
    /// <summary>Passes over all partitions; each is better than the one before, and three or four reach the end.</summary>
    private const int PassesMax = 16;

    /// <returns>The same owners of each partition, the first to ask first.</returns>
    public static PartitionTable Of(PartitionTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        var firsts = new int[PartitionTable.None];
        var counts = table.CountsOf(PartitionTable.None);
        var ordered = table.Owners.ToArray();
        for (var partition = 0; partition < PartitionTable.Partitions; partition++)
        {
            var owners = OwnersOf(ordered, partition);
            Turn(owners, partition);
            if (owners[0] != PartitionTable.None)
            {
                firsts[owners[0]]++;
            }
        }

        for (var pass = 0; pass < PassesMax && Even(ordered, firsts, counts); pass++) { }

        return new PartitionTable(ordered);
    }

    /// <summary>By a hash of the partition, so that most partitions keep their order when others change; an owner that is none comes last.</summary>
    private static void Turn(Span<ushort> owners, int partition)
    {
        var hash = (uint)partition * 0x9E3779B1u;
        hash = (hash ^ (hash >> 15)) * 0x85EBCA77u;
        hash ^= hash >> 13;
        var first = (int)(hash % PartitionTable.Replicas);
        (owners[0], owners[first]) = (owners[first], owners[0]);
        if ((hash >> 31) != 0)
        {
            (owners[1], owners[2]) = (owners[2], owners[1]);
        }

        var present = 0;
        foreach (var owner in owners)
        {
            if (owner != PartitionTable.None)
            {
                owners[present++] = owner;
            }
        }

        owners[present..].Fill(PartitionTable.None);
    }

    /// <summary>Puts another owner first where that brings both nearer to a third. Exact arithmetic, so every process finds the same.</summary>
    /// <returns>False when nothing was to be changed.</returns>
    private static bool Even(ushort[] ordered, int[] firsts, int[] counts)
    {
        var changed = false;
        for (var partition = 0; partition < PartitionTable.Partitions; partition++)
        {
            var owners = OwnersOf(ordered, partition);
            for (var i = 1; i < owners.Length; i++)
            {
                var (first, other) = (owners[0], owners[i]);
                if (
                    other != PartitionTable.None
                    && ((2L * firsts[other]) + 1) * counts[first] < ((2L * firsts[first]) - 1) * counts[other]
                )
                {
                    (owners[0], owners[i]) = (other, first);
                    firsts[first]--;
                    firsts[other]++;
                    changed = true;
                }
            }
        }

        return changed;
    }

    private static Span<ushort> OwnersOf(ushort[] ordered, int partition) =>
        ordered.AsSpan(partition * PartitionTable.Replicas, PartitionTable.Replicas);
}
