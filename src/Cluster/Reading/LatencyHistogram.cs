namespace FileSharing.Cluster.Reading;

/// <summary>
/// How long recent calls took, in buckets that grow by 19 % from 0.25 ms to 16 s. Old calls fade: all counts are halved every
/// <see cref="HalfLife"/>, and whenever <see cref="WeightMax"/> is reached, so that a busy peer is known by its last seconds. Not thread-safe.
/// </summary>
internal sealed class LatencyHistogram(TimeProvider time)
{
    /// <summary>Fewer recent calls than this say nothing about the slowest twentieth.</summary>
    public const int WeightMin = 20;

    private const int WeightMax = 2_000;
    private const int BucketsAnOctave = 4;
    private const int Octaves = 16;
    private const double FirstBoundSeconds = 0.000_25;
    private static readonly TimeSpan HalfLife = TimeSpan.FromSeconds(30);

    private readonly double[] counts = new double[(BucketsAnOctave * Octaves) + 1];
    private double weight;
    private long halvedAt = time.GetTimestamp();

    public void Add(TimeSpan took)
    {
        Fade();
        var octaves = Math.Log2(Math.Max(took.TotalSeconds, FirstBoundSeconds) / FirstBoundSeconds);
        counts[Math.Min((int)Math.Ceiling(octaves * BucketsAnOctave), counts.Length - 1)]++;
        weight++;
        if (weight >= WeightMax)
        {
            Halve();
        }
    }

    /// <summary>The time within which this share of the recent calls was done, rounded up to a bucket; null while there are too few.</summary>
    public TimeSpan? Quantile(double share)
    {
        Fade();
        if (weight < WeightMin)
        {
            return null;
        }

        var left = weight * share;
        var bucket = 0;
        while (bucket < counts.Length - 1 && (left -= counts[bucket]) > 0)
        {
            bucket++;
        }

        return TimeSpan.FromSeconds(FirstBoundSeconds * Math.Pow(2, (double)bucket / BucketsAnOctave));
    }

    private void Fade()
    {
        while (weight > 0 && time.GetElapsedTime(halvedAt) >= HalfLife)
        {
            Halve();
            halvedAt += (long)(HalfLife.TotalSeconds * time.TimestampFrequency);
        }

        if (weight == 0)
        {
            halvedAt = time.GetTimestamp();
        }
    }

    private void Halve()
    {
        for (var i = 0; i < counts.Length; i++)
        {
            counts[i] /= 2;
        }

        weight = weight < 1 ? 0 : weight / 2;
        if (weight == 0)
        {
            Array.Clear(counts);
        }
    }
}
