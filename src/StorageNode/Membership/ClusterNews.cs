using FileSharing.Cluster.Map;

namespace FileSharing.StorageNode.Membership;

/// <summary>What the API has told this node besides secrets and map, and when. Thread-safe.</summary>
internal sealed class ClusterNews(MapHolder map, TimeProvider time)
{
    private long floor;
    private long repairBytesPerSecond = RepairBytesPerSecondDefault;
    private long answeredSince = long.MinValue;

    /// <summary>Until the API has said something else.</summary>
    public const long RepairBytesPerSecondDefault = 64L << 20;

    /// <summary>No process of the cluster acts under a map of a lower version any more: docs/cluster.md, section 1. 0 until the API has been heard.</summary>
    public long Floor => Interlocked.Read(ref floor);

    /// <summary>What one volume may fetch for moves and repair.</summary>
    public long RepairBytesPerSecond => Interlocked.Read(ref repairBytesPerSecond);

    /// <summary>
    /// The API has not answered for so long that others may soon act as if this node were gone: then it takes no more records, since its map may hold no more. Half of
    /// the time after which it is replaced, so that it stops before that.
    /// </summary>
    public bool IsCutOff
    {
        get
        {
            var patience = (map.Current?.ReplaceAfter ?? TimeSpan.Zero) / 2;
            var since = Interlocked.Read(ref answeredSince);
            return patience > TimeSpan.Zero && (since == long.MinValue || time.GetElapsedTime(since) > patience);
        }
    }

    /// <param name="askedAt">Timestamp of the question, not of its answer: what the API knew may be as old as that.</param>
    public void Heard(long askedAt, long newFloor, long bytesPerSecond)
    {
        Interlocked.Exchange(ref answeredSince, askedAt);
        Interlocked.Exchange(ref repairBytesPerSecond, Math.Max(1, bytesPerSecond));
        // Answers may overtake one another; a floor never sinks.
        var seen = Floor;
        while (newFloor > seen)
        {
            var before = Interlocked.CompareExchange(ref floor, newFloor, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }
}
