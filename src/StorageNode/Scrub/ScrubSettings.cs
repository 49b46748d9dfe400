using FileSharing.Cluster.Hosting;
using Microsoft.Extensions.Configuration;

namespace FileSharing.StorageNode.Scrub;

/// <summary>How soon stored bytes are looked at again, and how much of the disk that may take.</summary>
/// <param name="NewDataWithin">What was written is looked at within this time.</param>
/// <param name="EverythingWithin">Everything is looked at again within this time.</param>
/// <param name="RestFactor">Seconds of rest for every second of work, so that clients keep the disk.</param>
internal sealed record ScrubSettings(TimeSpan NewDataWithin, TimeSpan EverythingWithin, double RestFactor)
{
    private const int NewDataHoursDefault = 24;
    private const int EverythingDaysDefault = 30;

    /// <summary>A quarter of the disk's time at most.</summary>
    private const int RestFactorDefault = 3;

    public static ScrubSettings Default { get; } =
        new(TimeSpan.FromHours(NewDataHoursDefault), TimeSpan.FromDays(EverythingDaysDefault), RestFactorDefault);

    /// <exception cref="SettingException">Names the setting that makes no sense.</exception>
    public static ScrubSettings From(IConfigurationSection node) =>
        new(
            TimeSpan.FromHours(node.Number("ScrubNewDataWithinHours", NewDataHoursDefault, 2, 8_784)),
            TimeSpan.FromDays(node.Number("ScrubEverythingWithinDays", EverythingDaysDefault, 1, 366)),
            node.Number("ScrubRestFactor", RestFactorDefault, 0, 1_000)
        );
}
