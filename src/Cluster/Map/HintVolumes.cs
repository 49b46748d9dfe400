using System.Buffers.Binary;

namespace FileSharing.Cluster.Map;

/// <summary>
/// Which volume takes the place of an owner that is down: highest random weight (Thaler and Ravishankar, 1996) among those that are up, on nodes that hold no other
/// copy of the partition. Every process that has the map finds the same ones.
/// </summary>
internal static class HintVolumes
{
    /// <param name="volumes">All of the map.</param>
    /// <param name="partition">For which.</param>
    /// <param name="holders">Its owners, and who joins.</param>
    /// <param name="owners">How many of the first holders are owners.</param>
    /// <returns>By owner; null where it is up, or nobody is left to stand in for it.</returns>
    public static MapVolume?[] Of(
        IReadOnlyList<MapVolume> volumes,
        int partition,
        IReadOnlyList<MapVolume> holders,
        int owners
    )
    {
        var taken = holders.Select(holder => holder.NodeId).ToHashSet();
        var ranked = volumes
            .Where(volume => !volume.IsDown && volume.Weight > 0 && !taken.Contains(volume.NodeId))
            .OrderByDescending(volume => RankOf(partition, volume.VolumeId))
            .DistinctBy(volume => volume.NodeId)
            .Take(owners)
            .ToList();
        var hints = new MapVolume?[owners];
        var next = 0;
        for (var i = 0; i < owners; i++)
        {
            hints[i] = holders[i].IsDown && next < ranked.Count ? ranked[next++] : null;
        }

        return hints;
    }

    private static ulong RankOf(int partition, Guid volumeId)
    {
        Span<byte> bytes = stackalloc byte[16];
        volumeId.TryWriteBytes(bytes);
        var high = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        var low = BinaryPrimitives.ReadUInt64LittleEndian(bytes[sizeof(ulong)..]);
        return Mix64.Of(Mix64.Of(high ^ Mix64.Of((ulong)partition)) ^ low);
    }
}
