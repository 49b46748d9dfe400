using FileSharing.Metadata;

namespace FileSharing.Api.Placement;

/// <summary>
/// Which members of a layout are to be replaced by themselves, and which come back: docs/cluster.md, section 2. Pure.
/// </summary>
internal static class Replacement
{
    /// <summary>When more of the nodes than this went at a time, the network is the likelier cause.</summary>
    private const int AwayPercentMax = 20;

    /// <param name="members">Of the applied layout.</param>
    /// <param name="nodeOf">Node of a volume.</param>
    /// <param name="presence">How long each was silent.</param>
    /// <param name="downAfter">Silence from which a volume is away.</param>
    /// <param name="replaceAfter">Silence after which it is replaced.</param>
    /// <returns>By volume, whether it is to count as replaced; those of which nothing changes are left out.</returns>
    public static IReadOnlyDictionary<Guid, bool> Due(
        IReadOnlyList<LayoutMember> members,
        Func<Guid, Guid> nodeOf,
        Presence presence,
        TimeSpan downAfter,
        TimeSpan replaceAfter
    )
    {
        var due = members
            .Where(m => m.IsReplaced && presence.OfVolume(m.VolumeId) is { IsHeard: true } s && s.For < downAfter)
            .ToDictionary(m => m.VolumeId, _ => false);
        var present = members.Where(m => !m.IsReplaced).ToList();
        var nodes = present.Select(m => nodeOf(m.VolumeId)).Distinct().Count();
        var away = present
            .Where(m => presence.OfVolume(m.VolumeId).For >= downAfter)
            .Select(m => nodeOf(m.VolumeId))
            .Distinct()
            .Count();
        var isTheNetwork = presence.IsDeaf || (away > 1 && away * 100 > nodes * AwayPercentMax);
        foreach (var member in isTheNetwork ? [] : present)
        {
            // One that is drained holds nothing in the target: there is nothing to make anew.
            if (member.Weight > 0 && presence.OfVolume(member.VolumeId).For >= replaceAfter)
            {
                due.Add(member.VolumeId, true);
            }
        }

        return due;
    }
}
