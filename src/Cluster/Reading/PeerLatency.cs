namespace FileSharing.Cluster.Reading;

/// <summary>How long a peer lets its readers wait until it begins to answer. Thread-safe.</summary>
internal sealed class PeerLatency(TimeProvider time)
{
    /// <summary>Weight of the newest call in the mean.</summary>
    private const double NewestWeight = 0.2;

    /// <summary>While nobody asks a peer, its mean falls by half in this time: then it is tried again.</summary>
    private static readonly TimeSpan IdleHalfLife = TimeSpan.FromSeconds(5);

    /// <summary>One very long call must not keep a peer out of use for minutes.</summary>
    private static readonly TimeSpan SampleMax = TimeSpan.FromSeconds(1);

    private readonly Lock changing = new();
    private readonly LinkedList<long> waiting = new();
    private readonly LatencyHistogram histogram = new(time);
    private double meanSeconds;
    private long meanAt;

    /// <summary>The mean of recent calls, or the age of the oldest that is still waiting when that is more: a peer that hangs is found out by waiting.</summary>
    public TimeSpan Expected
    {
        get
        {
            lock (changing)
            {
                var mean = TimeSpan.FromSeconds(MeanSeconds());
                var oldest = waiting.First is { } first ? AgeOf(first) : TimeSpan.Zero;
                return mean > oldest ? mean : oldest;
            }
        }
    }

    /// <summary>Nineteen of twenty recent calls were answered within this time; null while too few are known.</summary>
    public TimeSpan? P95
    {
        get
        {
            lock (changing)
            {
                return histogram.Quantile(0.95);
            }
        }
    }

    /// <summary>A call begins. Ends by one of the methods of what is returned.</summary>
    public Wait Begin()
    {
        lock (changing)
        {
            return new Wait(this, waiting.AddLast(time.GetTimestamp()));
        }
    }

    private TimeSpan AgeOf(LinkedListNode<long> begun) => time.GetElapsedTime(begun.Value);

    private double MeanSeconds() =>
        meanSeconds * Math.Pow(0.5, time.GetElapsedTime(meanAt).TotalSeconds / IdleHalfLife.TotalSeconds);

    private void Add(TimeSpan took)
    {
        var seconds = Math.Min(took.TotalSeconds, SampleMax.TotalSeconds);
        var mean = MeanSeconds();
        meanSeconds = mean > 0 ? mean + ((seconds - mean) * NewestWeight) : seconds;
        meanAt = time.GetTimestamp();
        histogram.Add(took);
    }

    /// <summary>One call that waits for its answer. Only the first end counts.</summary>
    internal sealed class Wait(PeerLatency peer, LinkedListNode<long> begun) : IDisposable
    {
        private bool hasEnded;

        /// <summary>The peer has begun to answer.</summary>
        public void Answered() => End(took => peer.Add(took));

        /// <summary>Nobody waits any more. It would have taken longer: that counts when it is longer than what the peer is known for.</summary>
        public void GivenUp() =>
            End(took =>
            {
                if (took.TotalSeconds > peer.MeanSeconds())
                {
                    peer.Add(took);
                }
            });

        /// <summary>Ended without saying anything about the peer's speed, if by nothing else before.</summary>
        public void Dispose() => End(static _ => { });

        private void End(Action<TimeSpan> record)
        {
            lock (peer.changing)
            {
                if (!hasEnded)
                {
                    hasEnded = true;
                    peer.waiting.Remove(begun);
                    record(peer.AgeOf(begun));
                }
            }
        }
    }
}
