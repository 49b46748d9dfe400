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

    /// <summary>Three indices into the list of volumes, by slot. Whom to ask first: <see cref="ReadOrder"/>.</summary>
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

    /// <summary>No owners at all: what a table is built from.</summary>
    public static PartitionTable Empty { get; } = new([.. Enumerable.Repeat(None, Partitions * Replicas)]);

    /// <summary>All owners, partition by partition, three each.</summary>
    internal ReadOnlySpan<ushort> Owners => owners;

    /// <summary>
    /// The same owners under the indices of another list: volumes are the same when their ids are, and <see cref="None"/> stands for those that are not
    /// in the other list.
    /// </summary>
    /// <param name="from">Ids of the volumes by the indices of this table.</param>
    /// <param name="to">Ids of the volumes by the indices of the new one.</param>
    /// <exception cref="ArgumentException">This table names a volume beyond <paramref name="from"/>, or an id is twice in <paramref name="to"/>.</exception>
    public PartitionTable Remap(IReadOnlyList<Guid> from, IReadOnlyList<Guid> to)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        CountsOf(from.Count);
        var indices = to.Index().ToDictionary(v => v.Item, v => (ushort)v.Index);
        var map = from.Select(id => indices.GetValueOrDefault(id, None)).ToArray();
        return new PartitionTable(Array.ConvertAll(owners, owner => owner == None ? None : map[owner]));
    }

    /// <summary>Replicas that each volume holds.</summary>
    /// <exception cref="ArgumentException">The table names a volume beyond so many.</exception>
    public int[] CountsOf(int volumes)
    {
        var counts = new int[volumes];
        foreach (var owner in owners)
        {
            if (owner == None)
            {
                continue;
            }

            if (owner >= volumes)
            {
                throw new ArgumentException($"The partition table names volume {owner} of {volumes}.", nameof(volumes));
            }

            counts[owner]++;
        }

        return counts;
    }

    /// <summary>As a map has it, and a layout.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[TableBytes];
        CopyTo(bytes);
        return bytes;
    }

    /// <param name="bytes">As <see cref="ToBytes"/> made them.</param>
    /// <param name="volumes">Length of the list that the indices lead into.</param>
    /// <exception cref="FormatException">Not a table, or one of more volumes.</exception>
    public static PartitionTable FromBytes(ReadOnlySpan<byte> bytes, int volumes) =>
        bytes.Length == TableBytes
            ? Read(bytes, volumes)
            : throw new FormatException($"A partition table has {TableBytes} bytes, not {bytes.Length}.");

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
