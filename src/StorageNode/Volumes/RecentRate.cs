namespace FileSharing.StorageNode.Volumes;

/// <summary>Bytes a second over the last moments: what is older counts less and less. Thread-safe.</summary>
internal sealed class RecentRate(TimeProvider time)
{
    /// <summary>After this time bytes count for 37 % of what they did.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();
    private double remembered;
    private long at = time.GetTimestamp();

    public double BytesPerSecond
    {
        get
        {
            lock (gate)
            {
                Fade();
                return remembered / Memory.TotalSeconds;
            }
        }
    }

    public void Add(long bytes)
    {
        lock (gate)
        {
            Fade();
            remembered += bytes;
        }
    }

    private void Fade()
    {
        var now = time.GetTimestamp();
        remembered *= Math.Exp(-(time.GetElapsedTime(at, now) / Memory));
        at = now;
    }
}
