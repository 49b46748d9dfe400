using System.Buffers.Binary;
using FileSharing.Native.XxHash;

namespace FileSharing.BlobEngine;

/// <summary>Puts the frames of one batch into one aligned buffer, which is used again for the next.</summary>
internal sealed class BatchBuilder(BufferPool pool) : IDisposable
{
    /// <summary>Copied and hashed in pieces of this size, so that the hash finds them in the cache.</summary>
    private const int PieceBytes = 64 << 10;

    private readonly PooledBuffer buffer = pool.Rent(SegmentFormat.BatchBytesMax);
    private readonly XXH3 hash = new();
    private int position = SegmentFormat.BatchHeaderBytes;
    private int hashed = SegmentFormat.BatchHeaderBytes;

    public uint FrameCount { get; private set; }

    /// <summary>Bytes that frames may still take, such that the padded batch fits.</summary>
    public int Room => SegmentFormat.BatchBytesMax - SegmentFormat.BlockBytes - position;

    /// <summary>Bytes so far, header included.</summary>
    public int Bytes => position;

    public void Clear()
    {
        position = SegmentFormat.BatchHeaderBytes;
        FrameCount = 0;
        StartHash();
    }

    /// <returns>Offset of the frame from the start of the batch.</returns>
    public int AddRecord(
        ReadOnlySpan<byte> record,
        FrameFlags flags,
        uint touchEpoch,
        ulong origin,
        uint stateEpoch = 0
    )
    {
        var offset = position;
        var body = AddFrame(FrameType.Record, flags, origin, SegmentFormat.RecordPrefixBytes + record.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(body, touchEpoch);
        BinaryPrimitives.WriteUInt32LittleEndian(body[4..], stateEpoch);
        body = body[SegmentFormat.RecordPrefixBytes..];
        for (var copied = 0; copied < record.Length; copied += PieceBytes)
        {
            var piece = record[copied..Math.Min(copied + PieceBytes, record.Length)];
            piece.CopyTo(body[copied..]);
            HashTo(offset + SegmentFormat.FrameHeaderBytes + SegmentFormat.RecordPrefixBytes + copied + piece.Length);
        }

        return offset;
    }

    public void AddNote(Note note, ulong origin) =>
        note.Write(AddFrame(FrameType.Note, FrameFlags.None, origin, SegmentFormat.NoteBodyBytes));

    public void AddDirectory(ReadOnlySpan<DirectoryEntry> entries, ulong origin)
    {
        var bytes = SegmentFormat.DirectoryPrefixBytes + (entries.Length * SegmentFormat.DirectoryEntryBytes);
        var body = AddFrame(FrameType.Directory, FrameFlags.None, origin, bytes);
        BinaryPrimitives.WriteInt32LittleEndian(body, entries.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(body[4..], 0);
        body = body[SegmentFormat.DirectoryPrefixBytes..];
        foreach (var entry in entries)
        {
            entry.Write(body);
            body = body[SegmentFormat.DirectoryEntryBytes..];
        }
    }

    /// <summary>Gives all frames another origin.</summary>
    public void StateAnew(ulong origin)
    {
        var frames = buffer.GetSpan()[SegmentFormat.BatchHeaderBytes..position];
        while (frames.Length > 0)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(frames[8..], origin);
            var bodyBytes = BinaryPrimitives.ReadInt32LittleEndian(frames[4..]);
            frames = frames[SegmentFormat.AlignFrame(SegmentFormat.FrameHeaderBytes + bodyBytes)..];
        }

        StartHash();
    }

    /// <summary>Completes the batch.</summary>
    /// <returns>The bytes to write at <paramref name="offset"/>, a multiple of 4 KiB; valid until the next frame is added.</returns>
    public ReadOnlySpan<byte> Finish(BatchFlags flags, uint segment, long offset, ulong sequence, long syncedPosition)
    {
        var bytes = buffer.GetSpan();
        HashTo(position);
        var header = new BatchHeader(
            flags,
            segment,
            FrameCount,
            offset,
            sequence,
            syncedPosition,
            position - SegmentFormat.BatchHeaderBytes,
            hash.Current64()
        );
        header.Write(bytes);
        bytes[position..(int)header.Bytes].Clear();
        return bytes[..(int)header.Bytes];
    }

    private Span<byte> AddFrame(FrameType type, FrameFlags flags, ulong origin, int bodyBytes)
    {
        var end = position + SegmentFormat.AlignFrame(SegmentFormat.FrameHeaderBytes + bodyBytes);
        var frame = buffer.GetSpan()[position..end];
        frame[0] = (byte)type;
        frame[1] = (byte)flags;
        BinaryPrimitives.WriteUInt16LittleEndian(frame[2..], 0);
        BinaryPrimitives.WriteInt32LittleEndian(frame[4..], bodyBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(frame[8..], origin);
        frame[(SegmentFormat.FrameHeaderBytes + bodyBytes)..].Clear();
        position = end;
        FrameCount++;
        return frame.Slice(SegmentFormat.FrameHeaderBytes, bodyBytes);
    }

    private void StartHash()
    {
        hash.Reset();
        hashed = SegmentFormat.BatchHeaderBytes;
    }

    private void HashTo(int end)
    {
        hash.Append(buffer.GetSpan()[hashed..end]);
        hashed = end;
    }

    public void Dispose()
    {
        hash.Dispose();
        buffer.Dispose();
    }
}
