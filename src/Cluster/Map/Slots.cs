namespace FileSharing.Cluster.Map;

/// <summary>
/// Gives the owners of each partition their slots. Who stays keeps its slot. A newcomer takes that of the owner on its own node that leaves, or else that
/// of one in its zone: so it never meets that one on the node, in whatever order the moves of a partition are made.
/// </summary>
internal static class Slots
{
    private const int Stays = 1_000;
    private const int OnNode = 100;
    private const int InZone = 10;

    private static readonly int[][] Orders =
    [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];

    public static ushort[] Of(TableDraft draft, PlacementRules rules, PartitionTable before)
    {
        var owners = new ushort[TableDraft.Places];
        for (var partition = 0; partition < PartitionTable.Partitions; partition++)
        {
            var now = draft.OwnersOf(partition);
            var order = Best(rules, before.OwnersOf(partition), now);
            for (var slot = 0; slot < now.Length; slot++)
            {
                owners[(partition * PartitionTable.Replicas) + slot] = now[order[slot]];
            }
        }

        return owners;
    }

    private static int[] Best(PlacementRules rules, ReadOnlySpan<ushort> before, ReadOnlySpan<ushort> now)
    {
        var best = Orders[0];
        var bestFit = -1;
        foreach (var order in Orders)
        {
            var fit = 0;
            for (var slot = 0; slot < now.Length; slot++)
            {
                fit += Fit(rules, before[slot], now[order[slot]]);
            }

            if (fit > bestFit)
            {
                (best, bestFit) = (order, fit);
            }
        }

        return best;
    }

    private static int Fit(PlacementRules rules, ushort before, ushort now) =>
        before == now ? Stays
        : before == PartitionTable.None ? 0
        : rules.NodeOf(before) == rules.NodeOf(now) ? OnNode
        : rules.ZoneOf(before) == rules.ZoneOf(now) ? InZone
        : 0;
}
