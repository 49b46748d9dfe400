using System.Buffers.Binary;
using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <summary>
/// Where a record lies and what is known of it: the 18 bytes of an index value. The epoch of a state other than live is under a key of its own, so that live records, which are nearly
/// all, do not pay for it.
/// </summary>
internal readonly record struct IndexEntry(
    uint Segment,
    long FrameOffset,
    int RecordBytes,
    RecordKind Kind,
    bool Owed,
    GcState GcState,
    uint TouchEpoch,
    byte KeyId = 0,
    bool IsDamaged = false,
    uint StateEpoch = 0
)
{
    public const int Bytes = 18;
    private const int OwedBit = 1 << 4;
    private const int GcStateShift = 5;
    private const int DamagedBit = 1 << 7;

    /// <summary>Where the record itself begins in its segment.</summary>
    public long RecordOffset => FrameOffset + SegmentFormat.FrameHeaderBytes + SegmentFormat.RecordPrefixBytes;

    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Segment);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], (uint)(FrameOffset / SegmentFormat.FrameAlignmentBytes));
        BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], RecordBytes);
        bytes[12] = (byte)(
            (int)Kind | (Owed ? OwedBit : 0) | ((byte)GcState << GcStateShift) | (IsDamaged ? DamagedBit : 0)
        );
        bytes[13] = KeyId;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[14..], TouchEpoch);
    }

    public static IndexEntry Read(ReadOnlySpan<byte> bytes) =>
        new(
            BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) * SegmentFormat.FrameAlignmentBytes,
            BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]),
            (RecordKind)(bytes[12] & 0xF),
            (bytes[12] & OwedBit) != 0,
            (GcState)(bytes[12] >> GcStateShift & 3),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[14..]),
            bytes[13],
            (bytes[12] & DamagedBit) != 0
        );

    public RecordInfo ToInfo(ChunkId id) =>
        new(id, Kind, RecordBytes, TouchEpoch, Owed, IsDamaged, GcState, StateEpoch);
}
