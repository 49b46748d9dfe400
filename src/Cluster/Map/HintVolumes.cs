using System.Buffers.Binary;

namespace FileSharing.Cluster.Map;

/// <summary>
/// Which volume takes the place of an owner that is down: highest random weight (Thaler and Ravishankar, 1996) among those that are up, on nodes that hold no other
/// copy of the partition. Every process that has the map finds the same ones.
/// </summary>
internal static class HintVolumes
{
    /// <summary>All by index into the volumes of the map.</summary>
    /// <param name="volumes">All of the map.</param>
    /// <param name="partition">For which.</param>
    /// <param name="holders">Its owners, and who joins.</param>
    /// <param name="hints">
    /// As long as there are owners, who come first among the holders; <see cref="PartitionTable.None"/> where the owner is up, or nobody is left to stand in for it.
    /// </param>
    public static void Find(
        IReadOnlyList<MapVolume> volumes,
        int partition,
        ReadOnlySpan<ushort> holders,
        Span<ushort> hints
    )
    {
        hints.Fill(PartitionTable.None);
        for (var i = 0; i < hints.Length; i++)
        {
            if (volumes[holders[i]].IsDown)
            {
                hints[i] = BestOf(volumes, partition, holders, hints[..i]);
            }
        }
    }

    private static ushort BestOf(
        IReadOnlyList<MapVolume> volumes,
        int partition,
        ReadOnlySpan<ushort> holders,
        ReadOnlySpan<ushort> given
    )
    {
        var best = PartitionTable.None;
        var bestRank = 0UL;
        for (var i = 0; i < volumes.Count; i++)
        {
            var volume = volumes[i];
            if (
                volume.IsDown
                || volume.Weight <= 0
                || IsOnNodeOfAny(volumes, volume, holders)
                || IsOnNodeOfAny(volumes, volume, given)
            )
            {
                continue;
            }

            var rank = RankOf(partition, volume.VolumeId);
            if (best == PartitionTable.None || rank > bestRank)
            {
                (best, bestRank) = ((ushort)i, rank);
            }
        }

        return best;
    }

    private static bool IsOnNodeOfAny(IReadOnlyList<MapVolume> volumes, MapVolume volume, ReadOnlySpan<ushort> others)
    {
        foreach (var other in others)
        {
            if (other != PartitionTable.None && volumes[other].NodeId == volume.NodeId)
            {
                return true;
            }
        }

        return false;
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
