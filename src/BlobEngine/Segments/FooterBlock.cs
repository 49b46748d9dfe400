using System.Buffers.Binary;
using FileSharing.Native.XxHash;

namespace FileSharing.BlobEngine;

/// <summary>The last block of a sealed segment.</summary>
internal readonly record struct FooterBlock(
    uint Segment,
    uint FooterBatches,
    long FirstOffset,
    ulong LastSequence,
    ulong Records
)
{
    private const int ChecksumOffset = 40;

    /// <summary>Fills the whole block.</summary>
    public void Write(Span<byte> block)
    {
        block = block[..SegmentFormat.FooterBlockBytes];
        block.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(block, SegmentFormat.FooterMagic);
        block[4] = SegmentFormat.Version;
        BinaryPrimitives.WriteUInt32LittleEndian(block[8..], Segment);
        BinaryPrimitives.WriteUInt32LittleEndian(block[12..], FooterBatches);
        BinaryPrimitives.WriteInt64LittleEndian(block[16..], FirstOffset);
        BinaryPrimitives.WriteUInt64LittleEndian(block[24..], LastSequence);
        BinaryPrimitives.WriteUInt64LittleEndian(block[32..], Records);
        BinaryPrimitives.WriteUInt64LittleEndian(block[ChecksumOffset..], XXH3.Hash64(block[..ChecksumOffset]));
    }

    public static bool TryRead(ReadOnlySpan<byte> block, uint segment, out FooterBlock footer)
    {
        footer = default;
        if (
            block.Length < SegmentFormat.FooterBlockBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(block) != SegmentFormat.FooterMagic
            || block[4] != SegmentFormat.Version
            || BinaryPrimitives.ReadUInt64LittleEndian(block[ChecksumOffset..]) != XXH3.Hash64(block[..ChecksumOffset])
        )
        {
            return false;
        }

        footer = new FooterBlock(
            BinaryPrimitives.ReadUInt32LittleEndian(block[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(block[12..]),
            BinaryPrimitives.ReadInt64LittleEndian(block[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(block[24..]),
            BinaryPrimitives.ReadUInt64LittleEndian(block[32..])
        );
        return footer.Segment == segment && footer.FirstOffset >= SegmentFormat.SegmentHeaderBytes;
    }
}
