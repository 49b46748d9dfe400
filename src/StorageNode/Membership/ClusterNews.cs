using FileSharing.Cluster.Map;

namespace FileSharing.StorageNode.Membership;

/// <summary>What the API has told this node besides secrets and map, and when. Thread-safe.</summary>
internal sealed class ClusterNews(MapHolder map, TimeProvider time)
{
    private long floor;
    private volatile RepairPace repair = RepairPace.Default;
    private long answeredSince = long.MinValue;

    /// <summary>No process of the cluster acts under a map of a lower version any more: docs/cluster.md, section 1. 0 until the API has been heard.</summary>
    public long Floor => Interlocked.Read(ref floor);

    /// <summary>What one volume may do for moves and repair.</summary>
    public RepairPace Repair => repair;

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
    public void Heard(long askedAt, long newFloor, RepairPace pace)
    {
        Interlocked.Exchange(ref answeredSince, askedAt);
        repair = pace;
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

/// <summary>How eagerly one volume moves and repairs.</summary>
/// <param name="BytesPerSecond">Fetched and sent; at least 1.</param>
/// <param name="Share">Of the time, with something under way; above 0, 1 for all of it.</param>
internal sealed record RepairPace(long BytesPerSecond, double Share)
{
    /// <summary>Until the API has said something else.</summary>
    public static RepairPace Default { get; } = new(64L << 20, 1);
}
