using System.Buffers.Binary;
using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <summary>A fact about a record other than its bytes.</summary>
internal readonly record struct Note(NoteKind Kind, byte Value, uint Epoch, ChunkId Id)
{
    public void Write(Span<byte> body)
    {
        body = body[..SegmentFormat.NoteBodyBytes];
        body.Clear();
        body[0] = (byte)Kind;
        body[1] = Value;
        BinaryPrimitives.WriteUInt32LittleEndian(body[4..], Epoch);
        Id.CopyTo(body[8..]);
    }

    public static Note Read(ReadOnlySpan<byte> body) =>
        new(
            (NoteKind)body[0],
            body[1],
            BinaryPrimitives.ReadUInt32LittleEndian(body[4..]),
            new ChunkId(body.Slice(8, ChunkId.Bytes))
        );
}

/// <summary>A note with the sequence of the batch that first stated it.</summary>
internal readonly record struct StatedNote(Note Note, ulong Origin);

/// <summary>Where a record frame lies and what it says: an entry of a segment's directory.</summary>
internal readonly record struct DirectoryEntry(
    ChunkId Id,
    long FrameOffset,
    int RecordBytes,
    RecordKind Kind,
    FrameFlags Flags,
    uint TouchEpoch,
    ulong Origin,
    byte KeyId,
    uint StateEpoch = 0
)
{
    public void Write(Span<byte> bytes)
    {
        bytes = bytes[..SegmentFormat.DirectoryEntryBytes];
        bytes.Clear();
        Id.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[32..], (uint)(FrameOffset / SegmentFormat.FrameAlignmentBytes));
        BinaryPrimitives.WriteInt32LittleEndian(bytes[36..], RecordBytes);
        bytes[40] = (byte)Kind;
        bytes[41] = (byte)Flags;
        bytes[42] = KeyId;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[44..], TouchEpoch);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[48..], Origin);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[56..], StateEpoch);
    }

    public static DirectoryEntry Read(ReadOnlySpan<byte> bytes) =>
        new(
            new ChunkId(bytes[..ChunkId.Bytes]),
            (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes[32..]) * SegmentFormat.FrameAlignmentBytes,
            BinaryPrimitives.ReadInt32LittleEndian(bytes[36..]),
            (RecordKind)bytes[40],
            (FrameFlags)bytes[41],
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[44..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[48..]),
            bytes[42],
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[56..])
        );
}
