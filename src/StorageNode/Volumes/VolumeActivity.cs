using System.Collections.Concurrent;

namespace FileSharing.StorageNode.Volumes;

/// <summary>Counters of a volume's daemons since it was opened, for status. Thread-safe.</summary>
internal sealed class VolumeActivity(TimeProvider time)
{
    private readonly RecentRate fetching = new(time);
    private long segmentsRemoved;
    private long bytesReclaimed;
    private readonly ConcurrentDictionary<Guid, long> challengesFailed = new();
    private long bytesFetched;

    /// <summary>Segment files that compaction gave back to the file system.</summary>
    public long SegmentsRemoved => Interlocked.Read(ref segmentsRemoved);

    /// <summary>Bytes of those files.</summary>
    public long BytesReclaimed => Interlocked.Read(ref bytesReclaimed);

    /// <summary>By volume: records that it lists and could not prove to have when this one asked.</summary>
    public IReadOnlyDictionary<Guid, long> ChallengesFailed => challengesFailed.ToDictionary();

    /// <summary>Bytes of the records that moves and repair brought here.</summary>
    public long BytesFetched => Interlocked.Read(ref bytesFetched);

    /// <summary>The same, a second, of late.</summary>
    public double FetchBytesPerSecond => fetching.BytesPerSecond;

    public void Fetched(long bytes)
    {
        Interlocked.Add(ref bytesFetched, bytes);
        fetching.Add(bytes);
    }

    public void ChallengeFailed(Guid volumeId) => challengesFailed.AddOrUpdate(volumeId, 1, (_, count) => count + 1);

    public void Reclaimed(int segments, long bytes)
    {
        Interlocked.Add(ref segmentsRemoved, segments);
        Interlocked.Add(ref bytesReclaimed, bytes);
    }
}
