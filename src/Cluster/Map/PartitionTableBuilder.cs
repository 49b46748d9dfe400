namespace FileSharing.Cluster.Map;

/// <summary>What placement needs to know of a volume; its index in the list is its index in the table.</summary>
/// <param name="Weight">Share of the data relative to the other volumes; 0 for a volume that shall hold nothing.</param>
public readonly record struct PlacementVolume(Guid NodeId, string Zone, double Weight);

/// <summary>
/// Builds and changes tables: pure functions of their arguments, so every process that builds a table builds the same. Every volume gets exactly its
/// share (<see cref="PlacementTargets"/>) under the rules (<see cref="PlacementRules"/>). How, and with what figures: docs/placement.md.
/// </summary>
public static class PartitionTableBuilder
{
    /// <summary>Odd, so that its multiples modulo the partitions are all of them: what moves is spread over the hash space.</summary>
    private const int Stride = 10_007;

    /// <summary>A table from nothing.</summary>
    /// <exception cref="ArgumentException">Fewer than three nodes with positive weight, a negative weight, a node in two zones.</exception>
    public static PartitionTable Build(IReadOnlyList<PlacementVolume> volumes) => Change(volumes, PartitionTable.Empty);

    /// <summary>
    /// A table for other volumes or weights that moves as few replicas as it can. A replica that stays keeps its slot, so the difference
    /// (<see cref="TableChange"/>) is a list of single moves. In whatever order they are made, two replicas of a partition never meet on one node.
    /// </summary>
    /// <param name="volumes">The new list. A volume of weight 0 holds nothing in the new table (it is being drained).</param>
    /// <param name="before">
    /// The present table with the indices of the new list (<see cref="PartitionTable.Remap"/>), <see cref="PartitionTable.None"/> where a volume is gone.
    /// </param>
    /// <exception cref="ArgumentException">
    /// Fewer than three nodes with positive weight, a negative weight, a node in two zones, or an index in <paramref name="before"/> beyond the list.
    /// </exception>
    public static PartitionTable Change(IReadOnlyList<PlacementVolume> volumes, PartitionTable before)
    {
        ArgumentNullException.ThrowIfNull(volumes);
        ArgumentNullException.ThrowIfNull(before);
        var rules = new PlacementRules(volumes);
        var shares = PlacementTargets.Whole(volumes, rules, before.CountsOf(volumes.Count));
        var draft = new TableDraft(rules, shares, before.Owners);
        Vacate(draft, rules, shares);
        FillEmptyPlaces(draft);
        var paths = new ExchangePaths(draft, rules, volumes.Count);
        paths.LevelOutFree();
        MoveFromFullToLacking(draft);
        paths.FillEmptyPlaces();
        paths.LevelOut();
        return new PartitionTable(Slots.Of(draft, rules, before));
    }

    /// <summary>Empties the places of volumes that shall hold nothing, and of two that may not stand together that of the one with more too much.</summary>
    private static void Vacate(TableDraft draft, PlacementRules rules, int[] shares)
    {
        for (var place = 0; place < TableDraft.Places; place++)
        {
            if (draft.Owners[place] != PartitionTable.None && shares[draft.Owners[place]] == 0)
            {
                draft.Set(place, PartitionTable.None);
            }
        }

        for (var partition = 0; partition < PartitionTable.Partitions; partition++)
        {
            while (Intruder(draft, rules, partition) is var slot and >= 0)
            {
                draft.Set((partition * PartitionTable.Replicas) + slot, PartitionTable.None);
            }
        }
    }

    /// <returns>-1 when all owners may stand together.</returns>
    private static int Intruder(TableDraft draft, PlacementRules rules, int partition)
    {
        var owners = draft.OwnersOf(partition);
        var worst = -1;
        for (var slot = 0; slot < owners.Length; slot++)
        {
            if (
                owners[slot] != PartitionTable.None
                && !rules.MayStand(owners, slot, owners[slot])
                && (worst < 0 || draft.Excess(owners[slot]) > draft.Excess(owners[worst]))
            )
            {
                worst = slot;
            }
        }

        return worst;
    }

    private static void FillEmptyPlaces(TableDraft draft)
    {
        for (var i = 0; i < TableDraft.Places; i++)
        {
            var place = PlaceOfStep(i);
            if (draft.Owners[place] == PartitionTable.None && draft.NextFor(place) is var volume and >= 0)
            {
                draft.Set(place, (ushort)volume);
            }
        }
    }

    private static void MoveFromFullToLacking(TableDraft draft)
    {
        for (var i = 0; i < TableDraft.Places; i++)
        {
            var place = PlaceOfStep(i);
            var from = draft.Owners[place];
            if (from != PartitionTable.None && draft.Excess(from) > 0 && draft.NextFor(place) is var to and >= 0)
            {
                draft.Set(place, (ushort)to);
            }
        }
    }

    /// <summary>One slot of every partition, then another: partitions give up a second replica last.</summary>
    private static int PlaceOfStep(int step)
    {
        var partition = step % PartitionTable.Partitions * Stride % PartitionTable.Partitions;
        var slot = (partition + (step / PartitionTable.Partitions)) % PartitionTable.Replicas;
        return (partition * PartitionTable.Replicas) + slot;
    }
}
