using FileSharing.Cluster.Map;
using FileSharing.Metadata;

namespace FileSharing.Api.Placement;

/// <summary>What was reported of the moves of a map.</summary>
internal static class MoveReports
{
    /// <summary>What the volumes that replicas move to found of the partitions that are on the move.</summary>
    public static Task<List<ComparisonRow>> OfAsync(
        this ComparisonStore comparisons,
        ClusterMap map,
        CancellationToken ct
    ) =>
        comparisons.OfAsync(
            map.Moves.Select(m => m.Partition).ToHashSet(),
            map.Moves.Select(m => map.Volumes[m.To].VolumeId).ToHashSet(),
            ct
        );
}
