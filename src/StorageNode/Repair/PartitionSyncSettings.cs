using FileSharing.Cluster.Hosting;
using Microsoft.Extensions.Configuration;

namespace FileSharing.StorageNode.Repair;

/// <summary>How eagerly volumes compare what they hold.</summary>
/// <param name="Look">Between two looks at the moves of the map.</param>
/// <param name="Interval">From the beginning of one turn through all owned partitions to the next.</param>
/// <param name="StrayInterval">Between two searches for records that belong elsewhere.</param>
internal sealed record PartitionSyncSettings(TimeSpan Look, TimeSpan Interval, TimeSpan StrayInterval)
{
    public static PartitionSyncSettings Default { get; } =
        new(TimeSpan.FromSeconds(1), TimeSpan.FromHours(1), TimeSpan.FromSeconds(30));

    public static PartitionSyncSettings From(IConfigurationSection section) =>
        Default with
        {
            Interval = TimeSpan.FromSeconds(section.Number("CompareIntervalSeconds", 3_600, 1, 30 * 86_400)),
            StrayInterval = TimeSpan.FromSeconds(section.Number("StrayIntervalSeconds", 30, 1, 86_400)),
        };
}
