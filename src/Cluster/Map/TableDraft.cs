namespace FileSharing.Cluster.Map;

/// <summary>
/// A table while it is being built or changed: who stands where, what each volume has beyond or below its share, and which volume is next in turn.
/// A *place* is a slot of a partition: partition × 3 + slot.
/// </summary>
internal sealed class TableDraft
{
    public const int Places = PartitionTable.Partitions * PartitionTable.Replicas;

    /// <summary>Turns of volumes that must be in every partition come before all others.</summary>
    private const double AlwaysFirst = -1e6;

    private readonly PlacementRules rules;
    private readonly int[] shares;
    private readonly ushort[] before;
    private readonly ushort[] owners = new ushort[Places];
    private readonly bool[] isAlwaysNeeded;
    private readonly double[] turns;
    private readonly int[] countsBefore;
    private readonly List<int>[] holdings;
    private readonly int[] indexInHolding = new int[Places];

    /// <param name="shares">Replicas that each volume shall hold.</param>
    /// <param name="before">What is there already, place by place.</param>
    public TableDraft(PlacementRules rules, int[] shares, ReadOnlySpan<ushort> before)
    {
        this.rules = rules;
        this.shares = shares;
        this.before = before.ToArray();
        holdings = [.. shares.Select(_ => new List<int>())];
        isAlwaysNeeded = AlwaysNeeded(rules, shares);
        turns = new double[shares.Length];
        countsBefore = new int[shares.Length];
        Array.Fill(owners, PartitionTable.None);
        for (var place = 0; place < Places; place++)
        {
            Set(place, before[place]);
        }

        countsBefore = Array.ConvertAll(holdings, places => places.Count);
        for (var volume = 0; volume < shares.Length; volume++)
        {
            Reschedule(volume);
        }
    }

    public ReadOnlySpan<ushort> Owners => owners;

    /// <summary>The places of a volume, in no order. Changes with <see cref="Set"/>.</summary>
    public List<int> PlacesOf(int volume) => holdings[volume];

    /// <summary>Who stands here stood here before: to replace it is a move more.</summary>
    public bool IsKept(int place) => owners[place] == before[place];

    /// <summary>Replicas above the volume's share; below 0 when it lacks some.</summary>
    public int Excess(int volume) => holdings[volume].Count - shares[volume];

    public ReadOnlySpan<ushort> OwnersOf(int partition) =>
        owners.AsSpan(partition * PartitionTable.Replicas, PartitionTable.Replicas);

    public ReadOnlySpan<ushort> OwnersBefore(int partition) =>
        before.AsSpan(partition * PartitionTable.Replicas, PartitionTable.Replicas);

    public bool MayStand(int place, int volume) =>
        rules.MayStand(OwnersOf(place / PartitionTable.Replicas), place % PartitionTable.Replicas, volume);

    /// <summary>Puts a volume, or none, into a place.</summary>
    public void Set(int place, ushort volume)
    {
        var replaced = owners[place];
        owners[place] = volume;
        if (replaced != PartitionTable.None)
        {
            var places = holdings[replaced];
            var last = places[^1];
            places[indexInHolding[place]] = last;
            indexInHolding[last] = indexInHolding[place];
            places.RemoveAt(places.Count - 1);
            Reschedule(replaced);
        }

        if (volume != PartitionTable.None)
        {
            indexInHolding[place] = holdings[volume].Count;
            holdings[volume].Add(place);
            Reschedule(volume);
        }
    }

    /// <summary>Of the volumes that lack replicas and may stand here, the one whose turn it is.</summary>
    /// <returns>-1 when there is none.</returns>
    public int NextFor(int place)
    {
        var best = -1;
        var bestTurn = double.PositiveInfinity;
        for (var volume = 0; volume < turns.Length; volume++)
        {
            if (turns[volume] < bestTurn && MayStand(place, volume))
            {
                best = volume;
                bestTurn = turns[volume];
            }
        }

        return best;
    }

    /// <summary>
    /// What a volume gains is spread evenly over the run: the k-th of n is due at a moment between k / n and (k + 1) / n, chosen by hash, so that the
    /// same volumes do not always meet.
    /// </summary>
    private void Reschedule(int volume)
    {
        var gained = holdings[volume].Count - countsBefore[volume];
        turns[volume] =
            Excess(volume) >= 0
                ? double.PositiveInfinity
                : ((gained + Fraction(volume, gained)) / (shares[volume] - countsBefore[volume]))
                    + (isAlwaysNeeded[volume] ? AlwaysFirst : 0);
    }

    /// <summary>Volumes of nodes and zones whose shares fill them: a partition without one of them is a replica that finds no place later.</summary>
    private static bool[] AlwaysNeeded(PlacementRules rules, int[] shares)
    {
        var inNode = new int[shares.Length];
        var inZone = new int[shares.Length];
        for (var volume = 0; volume < shares.Length; volume++)
        {
            inNode[rules.NodeOf(volume)] += shares[volume];
            inZone[rules.ZoneOf(volume)] += shares[volume];
        }

        return
        [
            .. Enumerable
                .Range(0, shares.Length)
                .Select(volume =>
                    inNode[rules.NodeOf(volume)] == PartitionTable.Partitions
                    || inZone[rules.ZoneOf(volume)] == rules.PerZoneMax * PartitionTable.Partitions
                ),
        ];
    }

    private static double Fraction(int volume, int number)
    {
        var place = ((ulong)(uint)volume << 32) | (uint)number;
        return (Mix64.Of((place + 1) * 0x9E3779B97F4A7C15UL) >> 11) * (1.0 / (1UL << 53));
    }
}
