using FileSharing.Cluster.Map;
using FileSharing.Metadata;

namespace FileSharing.Api.Placement;

/// <summary>Partitions that have the same volumes for owners, all of them down.</summary>
/// <param name="Owners">Ids, in order.</param>
/// <param name="Partitions">In order.</param>
internal sealed record UnavailablePartitions(IReadOnlyList<Guid> Owners, IReadOnlyList<int> Partitions);

/// <summary>Where the last copies are that can be had, by the map. Pure.</summary>
internal static class LastCopies
{
    /// <summary>Of each refusal, so many partitions are named.</summary>
    private const int PartitionsNamed = 10;

    /// <summary>Partitions without an owner that is up; those of the owners with most of them first.</summary>
    public static IReadOnlyList<UnavailablePartitions> UnavailableIn(ClusterMap map) =>
        [
            .. Enumerable
                .Range(0, PartitionTable.Partitions)
                .Where(partition => map.ReplicasOf(partition).Owners.All(owner => owner.IsDown))
                .GroupBy(partition => string.Join(' ', OwnersOf(map, partition)))
                .Select(group => new UnavailablePartitions(OwnersOf(map, group.First()), [.. group]))
                .OrderByDescending(group => group.Partitions.Count)
                .ThenBy(group => group.Partitions[0]),
        ];

    /// <summary>
    /// Refuses to take out a volume that alone is up with something; and one that is down while nobody is up, before an administrator has accepted that what was
    /// there is lost.
    /// </summary>
    /// <exception cref="ApiException"><see cref="ApiError.LayoutRefused"/>: which volumes, and what to do.</exception>
    public static void RefuseToTakeOut(ClusterMap map, IReadOnlyList<LayoutMember> members, VolumeDirectory directory)
    {
        var staying = members.Where(m => !m.IsReplaced).Select(m => m.VolumeId).ToHashSet();
        var lost = members.Where(m => m.IsLost).Select(m => m.VolumeId).ToHashSet();
        var last = Enumerable
            .Range(0, PartitionTable.Partitions)
            .Select(partition => map.ReplicasOf(partition).Owners.Where(owner => !owner.IsDown).ToList())
            .Where(up => up is [var only] && !staying.Contains(only.VolumeId))
            .CountBy(up => up[0].VolumeId)
            .ToList();
        if (last.Count > 0)
        {
            throw Refused(
                string.Join(
                    " ",
                    last.Select(v =>
                        $"Of {v.Value} partitions, volume {directory.NameOf(v.Key)} holds the only copy that is not on a volume that is down."
                    )
                ) + " Bring the others back, or wait until they are repaired, before it is taken out."
            );
        }

        var unavailable = UnavailableIn(map)
            .Where(group => group.Owners.Any(owner => !staying.Contains(owner) && !lost.Contains(owner)))
            .ToList();
        if (unavailable.Count > 0)
        {
            throw Refused(
                string.Join(" ", unavailable.Select(group => Describe(group, directory)))
                    + " Bring one of these volumes back, if only to read it. If none will ever come back, 'fileshare admin layout losses' says what is lost, and 'accept-loss' goes on without them."
            );
        }
    }

    private static string Describe(UnavailablePartitions group, VolumeDirectory directory)
    {
        var named = string.Join(", ", group.Partitions.Take(PartitionsNamed));
        var more = group.Partitions.Count > PartitionsNamed ? ", …" : "";
        return $"All copies of {group.Partitions.Count} partitions ({named}{more}) are on volumes that are down: {string.Join(", ", group.Owners.Select(directory.NameOf))}.";
    }

    private static IReadOnlyList<Guid> OwnersOf(ClusterMap map, int partition) =>
        [.. map.ReplicasOf(partition).Owners.Select(owner => owner.VolumeId).Order()];

    private static ApiException Refused(string detail) => new(ApiError.LayoutRefused, detail);
}
