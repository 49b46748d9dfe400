namespace FileSharing.BlobEngine;

/// <summary>Pays work back in rest, so that background work leaves the disk to clients. One caller.</summary>
/// <param name="restFactor">Seconds of rest for a second of work.</param>
/// <param name="time">Measures both.</param>
internal sealed class Pace(double restFactor, TimeProvider time)
{
    /// <summary>Shorter rests are saved up: a timer is not finer.</summary>
    private static readonly TimeSpan RestMin = TimeSpan.FromMilliseconds(20);

    private long workingSince = time.GetTimestamp();

    /// <summary>Rests for the work since the last rest, when it is enough to be worth one.</summary>
    public async ValueTask RestAsync(CancellationToken ct)
    {
        var rest = time.GetElapsedTime(workingSince) * restFactor;
        if (rest >= RestMin)
        {
            await Task.Delay(rest, time, ct);
            workingSince = time.GetTimestamp();
        }
    }
}
