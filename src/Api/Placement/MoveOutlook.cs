using FileSharing.Cluster.Map;
using FileSharing.Metadata;

namespace FileSharing.Api.Placement;

/// <summary>What is still to be moved, and how long that takes at least.</summary>
/// <param name="UnderWay">Moves in the map.</param>
/// <param name="Waiting">Replicas that the layout wants elsewhere and that have not begun.</param>
/// <param name="BytesLeft">Of both; as reported where a comparison was reported, else by the mean.</param>
/// <param name="Seconds">Of the volume that needs longest, at its pace of the last seconds; at the present budget while it fetches nothing.</param>
internal sealed record MoveOutlook(int UnderWay, int Waiting, long BytesLeft, double Seconds)
{
    /// <summary>A volume that fetched less than this of late, in bytes a second, has not begun, or has paused: its pace says nothing.</summary>
    private const double PaceMin = 64 << 10;

    /// <param name="map">The present one.</param>
    /// <param name="target">Null before there is a layout.</param>
    /// <param name="reports">Of the partitions that are moving; more do no harm.</param>
    /// <param name="bytes">What partitions have.</param>
    /// <param name="bytesPerSecond">The budget of one volume.</param>
    public static MoveOutlook Of(
        ClusterMap map,
        LayoutTarget? target,
        IEnumerable<ComparisonRow> reports,
        PartitionBytes bytes,
        long bytesPerSecond
    )
    {
        var left = reports
            .GroupBy(r => (r.Partition, r.VolumeId))
            .ToDictionary(g => g.Key, g => g.Max(r => r.BytesLeft));
        var toFetch = new Dictionary<Guid, double>();
        var copying = new HashSet<int>();
        foreach (var move in map.Moves.Where(m => m.State == MoveState.Copying))
        {
            copying.Add(move.Partition);
            var to = map.Volumes[move.To].VolumeId;
            var rest = left.TryGetValue((move.Partition, to), out var reported)
                ? reported
                : bytes.OfOne(map.Volumes[move.From].VolumeId);
            toFetch[to] = toFetch.GetValueOrDefault(to) + rest;
        }

        var waiting = 0;
        // A volume that was just added is in the layout, and not in the map yet: what it waits for waits all the same.
        Guid[] inLayout = [.. (target?.Members ?? []).Select(m => m.VolumeId)];
        Guid[] volumes = [.. map.Volumes.Select(v => v.VolumeId).Union(inLayout)];
        var wantedTable = target?.Table.Remap(inLayout, volumes);
        for (var partition = 0; wantedTable is not null && partition < PartitionTable.Partitions; partition++)
        {
            var present = map.Table.OwnersOf(partition);
            var isCopying = copying.Contains(partition);
            foreach (var wanted in wantedTable.OwnersOf(partition))
            {
                if (wanted == PartitionTable.None || present.Contains(wanted))
                {
                    continue;
                }

                if (isCopying)
                {
                    // One of what this partition lacks is on its way.
                    isCopying = false;
                    continue;
                }

                waiting++;
                var to = volumes[wanted];
                toFetch[to] = toFetch.GetValueOrDefault(to) + bytes.OfOne(map.Volumes[present[0]].VolumeId);
            }
        }

        return new MoveOutlook(
            map.Moves.Count,
            waiting,
            (long)toFetch.Values.Sum(),
            toFetch.Select(volume => volume.Value / PaceOf(volume.Key)).DefaultIfEmpty().Max()
        );

        double PaceOf(Guid volume) =>
            bytes.FetchedASecond(volume) is var pace and >= PaceMin ? Math.Min(pace, bytesPerSecond) : bytesPerSecond;
    }
}
