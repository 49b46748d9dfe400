using System.Buffers.Binary;
using FileSharing.Chunks;

namespace FileSharing.Cluster.Map;

/// <summary>
/// Consistent hashing over a partition table: 16,384 slices of the hash space, each with three volumes. An explicit table balances to
/// 0.1 % where a ring of virtual nodes leaves 12 %, and moves only what must move.
/// </summary>
public sealed class PartitionTable
{
    public const int PartitionBits = 14;
    public const int Partitions = 1 << PartitionBits;
    public const int Replicas = 3;
    public const int TableBytes = Partitions * Replicas * sizeof(ushort);

    /// <summary>Index that stands for no volume.</summary>
    public const ushort None = ushort.MaxValue;

    private readonly ushort[] owners;

    /// <param name="owners">Index of a volume, partition by partition, three each.</param>
    internal PartitionTable(ushort[] owners)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(owners.Length, Partitions * Replicas);
        this.owners = owners;
    }

    public static int PartitionOf(ChunkId id) => (int)(id.Prefix >> (64 - PartitionBits));

    /// <summary>Three indices into the list of volumes, the first to ask first.</summary>
    public ReadOnlySpan<ushort> OwnersOf(int partition) => owners.AsSpan(partition * Replicas, Replicas);

    /// <summary>The same table with other volumes in these places.</summary>
    public PartitionTable With(IEnumerable<(int Partition, int Slot, ushort Volume)> changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        var changed = owners.AsSpan().ToArray();
        foreach (var (partition, slot, volume) in changes)
        {
            changed[(partition * Replicas) + slot] = volume;
        }

        return new PartitionTable(changed);
    }

    internal void CopyTo(Span<byte> destination)
    {
        for (var i = 0; i < owners.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(destination[(i * sizeof(ushort))..], owners[i]);
        }
    }

    internal static PartitionTable Read(ReadOnlySpan<byte> bytes, int volumes)
    {
        var indices = new ushort[Partitions * Replicas];
        for (var i = 0; i < indices.Length; i++)
        {
            indices[i] = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(i * sizeof(ushort))..]);
            if (indices[i] != None && indices[i] >= volumes)
            {
                throw new FormatException($"The partition table names volume {indices[i]} of {volumes}.");
            }
        }

        return new PartitionTable(indices);
    }
}
