namespace FileSharing.StorageNode.Volumes;

/// <summary>Counters of a volume's daemons since it was opened, for status. Thread-safe.</summary>
internal sealed class VolumeActivity
{
    private long segmentsRemoved;
    private long bytesReclaimed;
    private long challengesFailed;

    /// <summary>Segment files that compaction gave back to the file system.</summary>
    public long SegmentsRemoved => Interlocked.Read(ref segmentsRemoved);

    /// <summary>Bytes of those files.</summary>
    public long BytesReclaimed => Interlocked.Read(ref bytesReclaimed);

    /// <summary>Records that another volume lists and could not prove to have.</summary>
    public long ChallengesFailed => Interlocked.Read(ref challengesFailed);

    public void ChallengeFailed() => Interlocked.Increment(ref challengesFailed);

    public void Reclaimed(int segments, long bytes)
    {
        Interlocked.Add(ref segmentsRemoved, segments);
        Interlocked.Add(ref bytesReclaimed, bytes);
    }
}
