namespace FileSharing.StorageNode.Repair;

/// <summary>
/// Bounds what one volume fetches and sends for moves and repair to so many bytes a second. Whoever spends waits until what was spent before is paid for, so one record
/// may be larger than a second's budget. Thread-safe.
/// </summary>
/// <param name="bytesPerSecond">Asked at every turn: it may change while something waits.</param>
internal sealed class RepairBudget(Func<long> bytesPerSecond, TimeProvider time)
{
    /// <summary>Time that passes unused is not saved up beyond this.</summary>
    private static readonly TimeSpan SavedMax = TimeSpan.FromMilliseconds(100);

    private readonly Lock gate = new();
    private long freeAt;

    public Task SpendAsync(int bytes, CancellationToken cancellationToken)
    {
        TimeSpan wait;
        lock (gate)
        {
            var now = time.GetTimestamp();
            var saved = (long)(SavedMax.TotalSeconds * time.TimestampFrequency);
            freeAt = Math.Max(freeAt, now - saved);
            wait = freeAt > now ? time.GetElapsedTime(now, freeAt) : TimeSpan.Zero;
            freeAt += (long)((double)bytes / bytesPerSecond() * time.TimestampFrequency);
        }

        return wait > TimeSpan.Zero ? Task.Delay(wait, time, cancellationToken) : Task.CompletedTask;
    }
}
