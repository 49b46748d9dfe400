using FileSharing.Cluster.Map;

namespace FileSharing.Api.Placement;

/// <summary>How many bytes a partition has, by what the volumes say that they hold: hashes spread records evenly, so the mean is close to each.</summary>
internal sealed class PartitionBytes
{
    private readonly Dictionary<Guid, long> bytes;
    private readonly Dictionary<Guid, double> rates;
    private readonly Dictionary<Guid, int> owned;
    private readonly double mean;

    /// <param name="map">Says how many partitions each volume owns.</param>
    /// <param name="answers">Of the nodes that answered, and null of the others.</param>
    public PartitionBytes(ClusterMap map, IEnumerable<NodeAnswer> answers)
    {
        var counts = map.Table.CountsOf(map.Volumes.Count);
        owned = map.Volumes.Index().ToDictionary(v => v.Item.VolumeId, v => counts[v.Index]);
        var open = answers
            .SelectMany(a => a.Status?.Volumes ?? [])
            .Where(v => v is { VolumeId: not null, IsAway: false })
            .DistinctBy(v => v.VolumeId)
            .ToList();
        bytes = open.ToDictionary(v => v.VolumeId!.Value, v => v.LiveRecordBytes);
        rates = open.ToDictionary(v => v.VolumeId!.Value, v => v.FetchBytesPerSecond);
        var known = bytes.Where(v => owned.GetValueOrDefault(v.Key) > 0).ToList();
        var partitions = known.Sum(v => (long)owned[v.Key]);
        mean = partitions == 0 ? 0 : known.Sum(v => (double)v.Value) / partitions;
    }

    /// <summary>Partitions that the table names the volume for.</summary>
    public int OwnedBy(Guid volumeId) => owned.GetValueOrDefault(volumeId);

    /// <summary>Bytes a second that the volume has fetched of late; 0 when it cannot be asked.</summary>
    public double FetchedASecond(Guid volumeId) => rates.GetValueOrDefault(volumeId);

    /// <summary>Bytes of live records on the volume; null when it cannot be asked.</summary>
    public long? On(Guid volumeId) => bytes.TryGetValue(volumeId, out var known) ? known : null;

    /// <summary>Bytes of one partition on this volume; the mean of all when it cannot be asked.</summary>
    public double OfOne(Guid volumeId) =>
        On(volumeId) is { } known && OwnedBy(volumeId) is var partitions and > 0 ? (double)known / partitions : mean;
}
