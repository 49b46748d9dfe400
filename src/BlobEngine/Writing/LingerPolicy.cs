namespace FileSharing.BlobEngine;

/// <summary>
/// How long a batch of small records stays open. A batch is padded to whole blocks, so a few small records more in it cost no space and no sync. Worth waiting for are puts that
/// have begun, and writers that were here when the last batch ended: most of them come back at once. Where they do not, waiting is given up for a while. One thread at a time.
/// </summary>
internal sealed class LingerPolicy(TimeSpan longest, TimeProvider time)
{
    /// <summary>A batch of this size is not worth the wait: its padding, half a block in the mean, is under 2 % of it.</summary>
    private const int BatchBytesMax = 64 << 10;

    /// <summary>After waits in vain, so many batches at most are written without.</summary>
    private const int SkippedMax = 64;

    private int expected;
    private int penalty;
    private int skipping;
    private long began;

    /// <param name="inside">Requests that were not yet acknowledged when a batch had become durable, its own among them.</param>
    public void Expect(int inside) => expected = inside;

    public void Begin() => began = time.GetTimestamp();

    /// <summary>Whether to look once more for requests before the batch is written.</summary>
    /// <param name="requests">In the batch so far.</param>
    /// <param name="bytes">Of the batch so far.</param>
    /// <param name="isMoreAnnounced">Whether puts have begun that are not in the queue yet.</param>
    public bool IsWorthwhile(int requests, int bytes, bool isMoreAnnounced)
    {
        if (bytes >= BatchBytesMax)
        {
            return false;
        }

        var areMissing = requests < expected;
        if (time.GetElapsedTime(began) < longest)
        {
            return isMoreAnnounced || (areMissing && skipping == 0);
        }

        return false;
    }

    /// <summary>The batch is written with so many requests in it.</summary>
    public void End(int requests, int bytes)
    {
        if (skipping > 0)
        {
            skipping--;
        }
        else if (requests >= expected || bytes >= BatchBytesMax)
        {
            penalty = 0;
        }
        else
        {
            penalty = Math.Min(Math.Max(penalty * 2, 1), SkippedMax);
            skipping = penalty;
        }
    }
}
