namespace FileSharing.Cluster.Map;

/// <summary>
/// Which volumes may stand together in a partition: at most one of a node, and of a zone one where three zones have room (two of three where two
/// have). A zone has room when it has a volume of positive weight.
/// </summary>
internal sealed class PlacementRules
{
    private readonly int[] zoneOf;
    private readonly int[] nodeOf;

    /// <exception cref="ArgumentException">
    /// Fewer than three nodes with positive weight, a weight that is no number of at least 0, a node in two zones, or more volumes than a table has
    /// indices for.
    /// </exception>
    public PlacementRules(IReadOnlyList<PlacementVolume> volumes)
    {
        if (volumes.Count >= PartitionTable.None)
        {
            throw new ArgumentException(
                $"A table has indices for {PartitionTable.None - 1} volumes; there are {volumes.Count}.",
                nameof(volumes)
            );
        }

        foreach (var volume in volumes)
        {
            if (!(volume.Weight >= 0 && double.IsFinite(volume.Weight)))
            {
                throw new ArgumentException(
                    $"The weight {volume.Weight} of a volume of node {volume.NodeId} is not a number of at least 0.",
                    nameof(volumes)
                );
            }
        }

        var nodes = volumes.Where(volume => volume.Weight > 0).Select(volume => volume.NodeId).Distinct().Count();
        if (nodes < PartitionTable.Replicas)
        {
            throw new ArgumentException(
                $"Three copies need {PartitionTable.Replicas} nodes with volumes of positive weight; there are {nodes}.",
                nameof(volumes)
            );
        }

        if (
            volumes
                .GroupBy(volume => volume.NodeId)
                .FirstOrDefault(node => node.DistinctBy(v => v.Zone).Skip(1).Any()) is
            { } split
        )
        {
            throw new ArgumentException($"The volumes of node {split.Key} are in more than one zone.", nameof(volumes));
        }

        zoneOf = Numbered(volumes.Select(volume => volume.Zone));
        nodeOf = Numbered(volumes.Select(volume => volume.NodeId));
        PerZoneMax = PlacementTargets.PerZoneMax(
            volumes.Where(volume => volume.Weight > 0).Select(volume => volume.Zone).Distinct().Count()
        );
    }

    /// <summary>Replicas of one partition that a zone may hold.</summary>
    public int PerZoneMax { get; }

    /// <summary>A number from 0, below the number of volumes.</summary>
    public int ZoneOf(int volume) => zoneOf[volume];

    /// <inheritdoc cref="ZoneOf"/>
    public int NodeOf(int volume) => nodeOf[volume];

    /// <summary>Whether the volume may take this slot beside the owners of the other two.</summary>
    public bool MayStand(ReadOnlySpan<ushort> owners, int slot, int volume)
    {
        var inZone = 0;
        for (var other = 0; other < owners.Length; other++)
        {
            if (other == slot || owners[other] == PartitionTable.None)
            {
                continue;
            }

            if (nodeOf[owners[other]] == nodeOf[volume])
            {
                return false;
            }

            inZone += zoneOf[owners[other]] == zoneOf[volume] ? 1 : 0;
        }

        return inZone < PerZoneMax;
    }

    /// <summary>The zone may not have this slot beside what it has of the other two.</summary>
    public bool IsFull(ReadOnlySpan<ushort> owners, int slot, int zone)
    {
        var inZone = 0;
        for (var other = 0; other < owners.Length; other++)
        {
            inZone += other != slot && owners[other] != PartitionTable.None && zoneOf[owners[other]] == zone ? 1 : 0;
        }

        return inZone >= PerZoneMax;
    }

    private static int[] Numbered<T>(IEnumerable<T> keys)
        where T : notnull
    {
        var numbers = new Dictionary<T, int>();
        var result = new List<int>();
        foreach (var key in keys)
        {
            numbers.TryAdd(key, numbers.Count);
            result.Add(numbers[key]);
        }

        return [.. result];
    }
}
