using System.Buffers.Binary;
using FileSharing.Chunks;

namespace FileSharing.Cluster.Map;

/// <summary>All ids that begin with the same bits: a partition, or a part of one.</summary>
/// <param name="Bits">How many bits: <see cref="PartitionTable.PartitionBits"/> for a partition, at most <see cref="BitsMax"/>.</param>
/// <param name="Prefix">Their value.</param>
public readonly record struct HashRange(int Bits, int Prefix)
{
    public const int BitsMax = 24;

    /// <summary>Parts that <see cref="Split"/> makes.</summary>
    public const int Parts = 1 << PartBits;

    private const int PartBits = 4;

    public static HashRange OfPartition(int partition) => new(PartitionTable.PartitionBits, partition);

    /// <summary>Whether the numbers make a range.</summary>
    public bool IsValid => Bits is > 0 and <= BitsMax && Prefix >= 0 && Prefix < 1 << Bits;

    /// <summary>The id just before the first of the range, null for the first range of all: where a list begins that is to start with the range.</summary>
    public ChunkId? Before => Prefix == 0 ? null : LastOf(Prefix - 1);

    public bool Contains(ChunkId id) => id.Prefix >> (64 - Bits) == (ulong)Prefix;

    /// <summary>The last id that the range can have.</summary>
    public ChunkId Last => LastOf(Prefix);

    public IEnumerable<HashRange> Split()
    {
        var (bits, first) = (Bits + PartBits, Prefix << PartBits);
        return Enumerable.Range(0, Parts).Select(part => new HashRange(bits, first + part));
    }

    private ChunkId LastOf(int prefix)
    {
        Span<byte> bytes = stackalloc byte[ChunkId.Bytes];
        bytes.Fill(byte.MaxValue);
        BinaryPrimitives.WriteUInt64BigEndian(bytes, (((ulong)prefix + 1) << (64 - Bits)) - 1);
        return new ChunkId(bytes);
    }
}
