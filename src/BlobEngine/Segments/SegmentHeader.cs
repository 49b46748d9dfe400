using System.Buffers.Binary;
using FileSharing.Native.XxHash;

namespace FileSharing.BlobEngine;

/// <summary>The first block of a segment.</summary>
internal readonly record struct SegmentHeader(Guid VolumeId, ulong Incarnation, uint Segment, ulong FirstSequence)
{
    private const int ChecksumOffset = 48;

    /// <summary>Fills the whole block.</summary>
    public void Write(Span<byte> block)
    {
        block = block[..SegmentFormat.SegmentHeaderBytes];
        block.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(block, SegmentFormat.SegmentMagic);
        block[4] = SegmentFormat.Version;
        VolumeId.TryWriteBytes(block[8..], bigEndian: true, out _);
        BinaryPrimitives.WriteUInt64LittleEndian(block[24..], Incarnation);
        BinaryPrimitives.WriteUInt32LittleEndian(block[32..], Segment);
        BinaryPrimitives.WriteUInt64LittleEndian(block[40..], FirstSequence);
        BinaryPrimitives.WriteUInt64LittleEndian(block[ChecksumOffset..], XXH3.Hash64(block[..ChecksumOffset]));
    }

    public static bool TryRead(ReadOnlySpan<byte> block, out SegmentHeader header)
    {
        header = default;
        if (
            block.Length < SegmentFormat.SegmentHeaderBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(block) != SegmentFormat.SegmentMagic
            || block[4] != SegmentFormat.Version
            || BinaryPrimitives.ReadUInt64LittleEndian(block[ChecksumOffset..]) != XXH3.Hash64(block[..ChecksumOffset])
        )
        {
            return false;
        }

        header = new SegmentHeader(
            new Guid(block.Slice(8, 16), bigEndian: true),
            BinaryPrimitives.ReadUInt64LittleEndian(block[24..]),
            BinaryPrimitives.ReadUInt32LittleEndian(block[32..]),
            BinaryPrimitives.ReadUInt64LittleEndian(block[40..])
        );
        return true;
    }
}
