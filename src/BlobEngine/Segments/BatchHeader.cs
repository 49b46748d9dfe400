using System.Buffers.Binary;
using FileSharing.Native.XxHash;

namespace FileSharing.BlobEngine;

/// <summary>The first 64 bytes of a batch.</summary>
/// <param name="Flags">Whether it belongs to the footer.</param>
/// <param name="Segment">The segment that it was written for.</param>
/// <param name="FrameCount">Frames in it.</param>
/// <param name="Offset">Where in the file it was written.</param>
/// <param name="Sequence">One counter a volume.</param>
/// <param name="SyncedPosition">Everything in the segment below was on stable storage.</param>
/// <param name="FrameBytes">Length of the frames.</param>
/// <param name="FrameChecksum">Checksum of the frames.</param>
internal readonly record struct BatchHeader(
    BatchFlags Flags,
    uint Segment,
    uint FrameCount,
    long Offset,
    ulong Sequence,
    long SyncedPosition,
    long FrameBytes,
    ulong FrameChecksum
)
{
    private const int ChecksumOffset = 56;

    /// <summary>Bytes of the batch in the file, padding included.</summary>
    public long Bytes => SegmentFormat.AlignBlock(SegmentFormat.BatchHeaderBytes + FrameBytes);

    public void Write(Span<byte> bytes)
    {
        bytes = bytes[..SegmentFormat.BatchHeaderBytes];
        bytes.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, SegmentFormat.BatchMagic);
        bytes[4] = SegmentFormat.Version;
        bytes[5] = (byte)Flags;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], Segment);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[12..], FrameCount);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], Offset);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[32..], SyncedPosition);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[40..], FrameBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[48..], FrameChecksum);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[ChecksumOffset..], XXH3.Hash64(bytes[..ChecksumOffset]));
    }

    /// <summary>True only for a header that was written for this place; its frames are not checked yet.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, uint segment, long offset, out BatchHeader header)
    {
        header = default;
        if (
            bytes.Length < SegmentFormat.BatchHeaderBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != SegmentFormat.BatchMagic
            || bytes[4] != SegmentFormat.Version
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes[ChecksumOffset..]) != XXH3.Hash64(bytes[..ChecksumOffset])
        )
        {
            return false;
        }

        header = new BatchHeader(
            (BatchFlags)bytes[5],
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[40..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[48..])
        );
        return header.Segment == segment
            && header.Offset == offset
            && header.SyncedPosition >= 0
            && header.SyncedPosition <= offset
            && header.FrameBytes is >= 0 and <= SegmentFormat.BatchBytesMax - SegmentFormat.BatchHeaderBytes;
    }
}
