using FileSharing.Cluster.Map;
using FileSharing.Metadata;

namespace FileSharing.Api.Placement;

/// <summary>Where an applied layout leads to.</summary>
/// <param name="Members">All of the layout.</param>
/// <param name="Table">Owners as indices into <paramref name="Members"/>.</param>
internal sealed record LayoutTarget(IReadOnlyList<LayoutMember> Members, PartitionTable Table)
{
    /// <exception cref="FormatException">The layout's table is not one.</exception>
    public static LayoutTarget Of(Layout applied) =>
        new(applied.Members, PartitionTable.FromBytes(applied.TargetTable, applied.Members.Count));

    /// <summary>The same owners as indices into another list, <see cref="PartitionTable.None"/> for those that it lacks.</summary>
    public PartitionTable Over(IReadOnlyList<MapVolume> volumes) =>
        Table.Remap([.. Members.Select(m => m.VolumeId)], [.. volumes.Select(v => v.VolumeId)]);
}
