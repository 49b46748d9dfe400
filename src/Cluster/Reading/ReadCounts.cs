using Microsoft.Extensions.Logging;

namespace FileSharing.Cluster.Reading;

/// <summary>Counts reads from other nodes, and says in the log, at most once a minute and only when there was one, how many asked a second owner. Thread-safe.</summary>
internal sealed class ReadCounts(TimeProvider time, ILogger log)
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMinutes(1);

    private long reads;
    private long hedged;
    private long won;
    private long reportedAt = time.GetTimestamp();

    public long Hedged => Volatile.Read(ref hedged);

    public long HedgesWon => Volatile.Read(ref won);

    public void Read() => Interlocked.Increment(ref reads);

    public void HedgeWon() => Interlocked.Increment(ref won);

    public void Hedge()
    {
        Interlocked.Increment(ref hedged);
        var reported = Volatile.Read(ref reportedAt);
        var now = time.GetTimestamp();
        if (
            time.GetElapsedTime(reported, now) >= ReportInterval
            && Interlocked.CompareExchange(ref reportedAt, now, reported) == reported
        )
        {
            log.ReadsHedged(Hedged, Volatile.Read(ref reads), HedgesWon);
        }
    }
}
