namespace FileSharing.StorageNode.Volumes;

/// <summary>Counters of a volume's daemons since it was opened, for status. Thread-safe.</summary>
internal sealed class VolumeActivity(TimeProvider time)
{
    private readonly RecentRate fetching = new(time);
    private long segmentsRemoved;
    private long bytesReclaimed;
    private long challengesFailed;
    private long bytesFetched;

    /// <summary>Segment files that compaction gave back to the file system.</summary>
    public long SegmentsRemoved => Interlocked.Read(ref segmentsRemoved);

    /// <summary>Bytes of those files.</summary>
    public long BytesReclaimed => Interlocked.Read(ref bytesReclaimed);

    /// <summary>Records that another volume lists and could not prove to have.</summary>
    public long ChallengesFailed => Interlocked.Read(ref challengesFailed);

    /// <summary>Bytes of the records that moves and repair brought here.</summary>
    public long BytesFetched => Interlocked.Read(ref bytesFetched);

    /// <summary>The same, a second, of late.</summary>
    public double FetchBytesPerSecond => fetching.BytesPerSecond;

    public void Fetched(long bytes)
    {
        Interlocked.Add(ref bytesFetched, bytes);
        fetching.Add(bytes);
    }

    public void ChallengeFailed() => Interlocked.Increment(ref challengesFailed);

    public void Reclaimed(int segments, long bytes)
    {
        Interlocked.Add(ref segmentsRemoved, segments);
        Interlocked.Add(ref bytesReclaimed, bytes);
    }
}
