using FileSharing.Cluster.Hosting;
using Microsoft.Extensions.Configuration;

namespace FileSharing.StorageNode.Reclaim;

/// <summary>When a volume's dead bytes are given back, and how much of the disk that may take.</summary>
/// <param name="Interval">From the end of one run to the next.</param>
/// <param name="DeadFractionMin">Segments are written anew whose bytes are dead to at least this part.</param>
/// <param name="RestFactor">Seconds of rest for every second of work, so that clients keep the disk.</param>
internal sealed record CompactionSettings(TimeSpan Interval, double DeadFractionMin, double RestFactor)
{
    private const int IntervalSecondsDefault = 300;
    private const int DeadPercentMinDefault = 30;

    /// <summary>A quarter of the disk's time at most.</summary>
    private const int RestFactorDefault = 3;

    public static CompactionSettings Default { get; } =
        new(TimeSpan.FromSeconds(IntervalSecondsDefault), DeadPercentMinDefault / 100.0, RestFactorDefault);

    /// <exception cref="SettingException">Names the setting that makes no sense.</exception>
    public static CompactionSettings From(IConfigurationSection node) =>
        new(
            TimeSpan.FromSeconds(node.Number("CompactIntervalSeconds", IntervalSecondsDefault, 1, 86_400)),
            node.Number("CompactDeadPercentMin", DeadPercentMinDefault, 1, 100) / 100.0,
            node.Number("CompactRestFactor", RestFactorDefault, 0, 1_000)
        );
}
