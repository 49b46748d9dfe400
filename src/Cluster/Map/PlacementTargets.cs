namespace FileSharing.Cluster.Map;

/// <summary>How many partition replicas each volume should hold: its weight's share, as far as nodes and zones may hold them.</summary>
public static class PlacementTargets
{
    /// <summary>Ratios of load to target that differ by less are equal: sums of floating-point numbers must not decide who holds one more.</summary>
    private const double RatioSteps = 1e9;

    /// <summary>The ratio of load to target that no volume goes beyond where whole replicas allow that.</summary>
    private const double RatioGoal = 1.02;

    /// <summary>Replicas of one partition that a zone may hold: one where there are three zones, all three where there is one.</summary>
    /// <param name="zones">Zones with a volume of positive weight.</param>
    public static int PerZoneMax(int zones) => (PartitionTable.Replicas + zones - 1) / zones;

    /// <returns>
    /// In the order of <paramref name="volumes"/>, 0 for weight 0; their sum is partitions × 3 where three nodes have volumes of positive weight.
    /// </returns>
    public static double[] Of(IReadOnlyList<PlacementVolume> volumes)
    {
        ArgumentNullException.ThrowIfNull(volumes);
        var targets = new double[volumes.Count];
        var zones = volumes.Index().Where(v => v.Item.Weight > 0).GroupBy(v => v.Item.Zone).ToList();
        if (zones.Count == 0)
        {
            return targets;
        }

        var zoneCap = PerZoneMax(zones.Count) * (double)PartitionTable.Partitions;
        var zoneTargets = FillLikeWater(
            [
                .. zones.Select(zone => new Vessel(
                    zone.Sum(v => v.Item.Weight),
                    Math.Min(
                        zoneCap,
                        zone.Select(v => v.Item.NodeId).Distinct().Count() * (double)PartitionTable.Partitions
                    )
                )),
            ],
            (double)PartitionTable.Partitions * PartitionTable.Replicas
        );

        foreach (var (zone, zoneTarget) in zones.Zip(zoneTargets))
        {
            var nodes = zone.GroupBy(v => v.Item.NodeId).ToList();
            var nodeTargets = FillLikeWater(
                [.. nodes.Select(node => new Vessel(node.Sum(v => v.Item.Weight), PartitionTable.Partitions))],
                zoneTarget
            );
            foreach (var (node, nodeTarget) in nodes.Zip(nodeTargets))
            {
                var weight = node.Sum(v => v.Item.Weight);
                foreach (var (index, volume) in node)
                {
                    targets[index] = nodeTarget * volume.Weight / weight;
                }
            }
        }

        return targets;
    }

    /// <summary>
    /// The targets as whole replicas, of zones and then of volumes, by the method of D'Hondt: each replica goes where it brings least above the target. And
    /// the rounding of one does not depend on the others but through their sum: where nothing changed between two volumes, a change elsewhere moves nothing
    /// from one to the other. A zone gets no more than its volumes can take in whole replicas without going beyond <see cref="LeastRatio"/>; what the volumes of a small
    /// zone would have too much, those of the others take.
    /// </summary>
    /// <param name="held">What each volume holds today; of several that could have one more with the same right, one that has it keeps it.</param>
    internal static int[] Whole(IReadOnlyList<PlacementVolume> volumes, PlacementRules rules, int[] held)
    {
        var targets = Of(volumes);
        var zones = Enumerable.Range(0, volumes.Count).GroupBy(rules.ZoneOf, (_, zone) => zone.ToArray()).ToList();
        var ratio = LeastRatio(targets, rules, zones);
        var zoneTotals = Apportion(
            [.. zones.Select(zone => zone.Sum(volume => targets[volume]))],
            [.. zones.Select(zone => zone.Sum(volume => held[volume]))],
            [.. zones.Select((_, zone) => zone)],
            [.. zones.Select(zone => RoomOf(zone, targets, rules, ratio))],
            PartitionTable.Partitions * PartitionTable.Replicas
        );
        var perNode = Enumerable.Repeat(PartitionTable.Partitions, volumes.Count).ToArray();
        var whole = new int[volumes.Count];
        foreach (var (zone, total) in zones.Zip(zoneTotals))
        {
            var shares = Apportion(
                [.. zone.Select(volume => targets[volume])],
                [.. zone.Select(volume => held[volume])],
                [.. zone.Select(rules.NodeOf)],
                perNode,
                total
            );
            foreach (var (volume, share) in zone.Zip(shares))
            {
                whole[volume] = share;
            }
        }

        return whole;
    }

    /// <summary><see cref="RatioGoal"/>, or the least above it at which there is room for all replicas.</summary>
    private static double LeastRatio(double[] targets, PlacementRules rules, List<int[]> zones)
    {
        bool HasRoom(double ratio) =>
            zones.Sum(zone => RoomOf(zone, targets, rules, ratio))
            >= PartitionTable.Partitions * PartitionTable.Replicas;
        if (HasRoom(RatioGoal))
        {
            return RatioGoal;
        }

        var (tooLow, ratio) = (RatioGoal, 2 * RatioGoal);
        while (!HasRoom(ratio))
        {
            (tooLow, ratio) = (ratio, 2 * ratio);
        }

        while (ratio - tooLow > 1 / RatioSteps)
        {
            var middle = (tooLow + ratio) / 2;
            (tooLow, ratio) = HasRoom(middle) ? (tooLow, middle) : (middle, ratio);
        }

        return ratio;
    }

    /// <summary>Whole replicas that a zone can take when no volume goes beyond this ratio to its target.</summary>
    private static int RoomOf(int[] zone, double[] targets, PlacementRules rules, double ratio) =>
        Math.Min(
            rules.PerZoneMax * PartitionTable.Partitions,
            zone.GroupBy(rules.NodeOf)
                .Sum(node =>
                    Math.Min(
                        PartitionTable.Partitions,
                        node.Sum(volume => (int)Math.Floor((targets[volume] * ratio) + (1 / RatioSteps)))
                    )
                )
        );

    /// <param name="groupMax">By the numbers in <paramref name="groups"/>: what parties of that number get together at most.</param>
    private static int[] Apportion(double[] targets, int[] held, int[] groups, int[] groupMax, int total)
    {
        var whole = targets
            .Zip(groups, (target, group) => Math.Min(groupMax[group], (int)Math.Floor(target + (1 / RatioSteps))))
            .ToArray();
        var inGroup = new int[groupMax.Length];
        for (var i = 0; i < whole.Length; i++)
        {
            inGroup[groups[i]] += whole[i];
        }

        var next = new PriorityQueue<int, (double, bool, int)>();
        void Enqueue(int i) =>
            next.Enqueue(i, (Math.Round((whole[i] + 1) / targets[i] * RatioSteps), held[i] <= whole[i], i));
        for (var i = 0; i < whole.Length; i++)
        {
            if (targets[i] > 0)
            {
                Enqueue(i);
            }
        }

        for (var left = total - whole.Sum(); left > 0; )
        {
            var i = next.Dequeue();
            if (inGroup[groups[i]] < groupMax[groups[i]])
            {
                whole[i]++;
                inGroup[groups[i]]++;
                left--;
                Enqueue(i);
            }
        }

        return whole;
    }

    private readonly record struct Vessel(double Weight, double Capacity);

    /// <summary>Shares by weight; what a full vessel cannot take goes to the others.</summary>
    private static double[] FillLikeWater(Vessel[] vessels, double total)
    {
        var levels = new double[vessels.Length];
        var open = Enumerable.Range(0, vessels.Length).ToList();
        while (open.Count > 0)
        {
            var weight = open.Sum(i => vessels[i].Weight);
            var full = open.Where(i => total * vessels[i].Weight / weight >= vessels[i].Capacity - 1e-9).ToList();
            if (full.Count == 0)
            {
                open.ForEach(i => levels[i] = total * vessels[i].Weight / weight);
                break;
            }

            foreach (var i in full)
            {
                levels[i] = vessels[i].Capacity;
                total -= vessels[i].Capacity;
                open.Remove(i);
            }
        }

        return levels;
    }
}
