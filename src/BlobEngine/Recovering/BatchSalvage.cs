using System.Buffers.Binary;

namespace FileSharing.BlobEngine;

/// <summary>
/// Takes out of a place that was once on stable storage, and is not as it was written any more, every record that is still whole: docs/segment-format.md, section 4. Records
/// only, which carry checksums of their own: a note has none but that of its batch.
/// </summary>
/// <param name="reader">Of the segment; what it has delivered before is not valid any more afterwards.</param>
/// <param name="pool">Of the volume.</param>
internal sealed class BatchSalvage(BatchReader reader, BufferPool pool)
{
    /// <summary>Opens what is not sealed. One for all: a codec keeps buffers.</summary>
    private static readonly RecordCodec WithoutKeys = new(new DataKeys(rootKey: null, []), new RecordCodecOptions());

    private const int RecordOffset = SegmentFormat.FrameHeaderBytes + SegmentFormat.RecordPrefixBytes;
    private const int HeadBytes = RecordOffset + RecordFormat.HeaderBytes;

    /// <summary>In the order of the log.</summary>
    public List<DirectoryEntry> Whole { get; } = [];

    /// <summary>Records that can be named, and of which nothing else can be relied on.</summary>
    public List<DirectoryEntry> Unreadable { get; } = [];

    /// <summary>Whether something may have stood there that is neither among these nor a note.</summary>
    public bool HasUnknownLoss { get; private set; }

    /// <param name="from">A multiple of 4 KiB.</param>
    /// <param name="to">The end of the place.</param>
    /// <param name="after">Sequence of the last batch before it.</param>
    /// <param name="before">A sequence that no batch in it can have reached.</param>
    /// <param name="ct">Ends it.</param>
    public void Run(long from, long to, ulong after, ulong before, CancellationToken ct)
    {
        for (var position = from; position < to; )
        {
            ct.ThrowIfCancellationRequested();
            long end;
            if (reader.TryReadHeader(position, out var header) && header.Sequence > after && header.Sequence < before)
            {
                end = Math.Min(position + header.Bytes, to);
                after = header.Sequence;
                if (!header.Flags.HasFlag(BatchFlags.Footer))
                {
                    // The header vouches for its own place, and says what its frames name as their origin.
                    var frames = position + SegmentFormat.BatchHeaderBytes;
                    var framesEnd = Math.Min(frames + header.FrameBytes, to);
                    TakeFrames(new Place(frames, framesEnd, header.Sequence, header.Sequence), paddingMax: 0);
                }
            }
            else
            {
                var next = reader.FindNext(position + SegmentFormat.BlockBytes, after);
                end = next < 0 ? to : Math.Min(next, to);
                var frames = position + SegmentFormat.BatchHeaderBytes;
                TakeFrames(new Place(frames, end, after + 1, before - 1), paddingMax: SegmentFormat.BlockBytes);
            }

            position = end;
        }
    }

    /// <param name="place">Where.</param>
    /// <param name="paddingMax">So many zeros there are no loss.</param>
    private void TakeFrames(Place place, int paddingMax)
    {
        var isAnyFound = false;
        var padding = 0;
        var isUnknown = false;
        for (var position = place.From; position < place.To; )
        {
            var bytes = TakeFrame(place, position);
            isAnyFound |= bytes > 0;
            if (bytes == 0)
            {
                bytes = SegmentFormat.FrameAlignmentBytes;
                padding += bytes;
                isUnknown |= reader.Read(position, bytes).ContainsAnyExcept((byte)0);
            }

            position += bytes;
        }

        HasUnknownLoss |= isUnknown || padding > paddingMax || !place.IsOneBatch || !isAnyFound;
    }

    /// <returns>Bytes of the frame; 0 where none can be made out.</returns>
    private int TakeFrame(Place place, long position)
    {
        var head = reader.Read(position, (int)Math.Min(HeadBytes, place.To - position));
        // The origin is the only thing in a frame that ties it to this batch: a block of another one may have been written here.
        if (head.Length < SegmentFormat.NoteFrameBytes || !place.IsOrigin(Frame.ReadOrigin(head)))
        {
            return 0;
        }

        var frame = FrameHeader.Read(head);
        if (head.Length < HeadBytes || TryReadRecord(head[RecordOffset..]) is not { } record)
        {
            return frame.IsNote ? SegmentFormat.NoteFrameBytes : PassOver(place, position, frame);
        }

        // What a batch header vouches for need not be right in its length and type: the record says both itself.
        var isExpected = place.IsOneBatch || frame.IsRecordOf(record.RecordBytes);
        if (!isExpected || position + RecordOffset + record.RecordBytes > place.To)
        {
            return 0;
        }

        var entry = new DirectoryEntry(
            record.Id,
            position,
            record.RecordBytes,
            record.Kind,
            // A state of garbage collection that nothing vouches for is not taken over: the next sweep says it again.
            (FrameFlags)head[1] & FrameFlags.Owed,
            BinaryPrimitives.ReadUInt32LittleEndian(head[SegmentFormat.FrameHeaderBytes..]),
            Frame.ReadOrigin(head),
            (byte)record.KeyId
        );
        return TryTake(entry, reader.Read(position + RecordOffset, record.RecordBytes))
            ? SegmentFormat.RecordFrameBytes(record.RecordBytes)
            : 0;
    }

    /// <returns>False when it is no record: the plaintext of another one, whose frame is gone, may look like frames.</returns>
    private bool TryTake(DirectoryEntry entry, ReadOnlySpan<byte> record)
    {
        try
        {
            RecordCodec.Verify(record);
        }
        catch (BlobException)
        {
            Unreadable.Add(entry);
            return true;
        }

        // What is sealed cannot be made by anyone without the key. What is not must be what its id names.
        if (entry.KeyId == 0 && !IsOfItsId(record))
        {
            return false;
        }

        Whole.Add(entry);
        return true;
    }

    private bool IsOfItsId(ReadOnlySpan<byte> record)
    {
        try
        {
            using var plain = RecordPlaintext.Open(WithoutKeys, record, pool);
            return RecordPlaintext.IsOfId(RecordHeader.Read(record), plain.GetSpan());
        }
        catch (BlobException)
        {
            return false;
        }
    }

    /// <summary>A record that nobody can name: its payload, which may hold anything, is not searched where it is plain how far it goes.</summary>
    private int PassOver(Place place, long position, FrameHeader frame)
    {
        if (!frame.IsRecord || !IsFrameAt(place, position + frame.Bytes))
        {
            return 0;
        }

        HasUnknownLoss = true;
        return frame.Bytes;
    }

    private bool IsFrameAt(Place place, long position)
    {
        if (position >= place.To)
        {
            return position == place.To;
        }

        var bytes = reader.Read(position, SegmentFormat.FrameHeaderBytes);
        return bytes.Length == SegmentFormat.FrameHeaderBytes
            && place.IsOrigin(Frame.ReadOrigin(bytes))
            && FrameHeader.Read(bytes) is { IsNote: true } or { IsRecord: true };
    }

    private static RecordHeader? TryReadRecord(ReadOnlySpan<byte> bytes)
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes) != RecordFormat.Magic)
        {
            return null;
        }

        try
        {
            var header = RecordHeader.Read(bytes);
            return header.KeyId <= DataKeys.IdMax ? header : null;
        }
        catch (BlobException)
        {
            return null;
        }
    }

    /// <param name="From">Where frames may begin.</param>
    /// <param name="To">Where they end.</param>
    /// <param name="FirstOrigin">The least that they may name as their origin.</param>
    /// <param name="LastOrigin">The highest.</param>
    private readonly record struct Place(long From, long To, ulong FirstOrigin, ulong LastOrigin)
    {
        public bool IsOneBatch => FirstOrigin == LastOrigin;

        public bool IsOrigin(ulong origin) => origin >= FirstOrigin && origin <= LastOrigin;
    }

    /// <summary>The first bytes of what may be a frame.</summary>
    private readonly record struct FrameHeader(FrameType Type, int Reserved, uint BodyBytes)
    {
        public bool IsRecord =>
            Type == FrameType.Record && Reserved == 0 && BodyBytes <= SegmentFormat.BatchBytesMax - HeadBytes;

        public bool IsNote => Type == FrameType.Note && Reserved == 0 && BodyBytes == SegmentFormat.NoteBodyBytes;

        public int Bytes => SegmentFormat.AlignFrame(SegmentFormat.FrameHeaderBytes + (int)BodyBytes);

        public static FrameHeader Read(ReadOnlySpan<byte> bytes) =>
            new(
                (FrameType)bytes[0],
                BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]),
                BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..])
            );

        public bool IsRecordOf(int recordBytes) =>
            IsRecord && BodyBytes == SegmentFormat.RecordPrefixBytes + recordBytes;
    }
}
