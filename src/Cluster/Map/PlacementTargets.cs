namespace FileSharing.Cluster.Map;

/// <summary>How many partition replicas each volume should hold: its weight's share, as far as nodes and zones may hold them.</summary>
public static class PlacementTargets
{
    /// <summary>Replicas of one partition that a zone may hold: one where there are three zones, all three where there is one.</summary>
    public static int PerZoneMax(int zones) => (PartitionTable.Replicas + zones - 1) / zones;

    /// <returns>In the order of <paramref name="volumes"/>; their sum is partitions × 3 (unless the constraints leave capacity stranded).</returns>
    public static double[] Of(IReadOnlyList<PlacementVolume> volumes)
    {
        ArgumentNullException.ThrowIfNull(volumes);
        var zones = volumes.Index().GroupBy(v => v.Item.Zone).ToList();
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

        var targets = new double[volumes.Count];
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
