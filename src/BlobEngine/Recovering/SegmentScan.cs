using System.Buffers.Binary;

namespace FileSharing.BlobEngine;

/// <summary>
/// Reads a segment without a footer from its first batch to its end, and tells apart what is valid, what is damaged, and what is a torn tail.
/// A place is damaged, not torn, when a later batch is valid: batches follow one another only after a sync, so whatever lies before a valid batch was on stable storage.
/// Of a damaged place the records that are still whole are among the contents, its notes are not.
/// </summary>
internal sealed class SegmentScan(IDiskFile file, uint segment, BufferPool pool)
{
    public SegmentContents Contents { get; } = new();

    public List<DamagedPlace> Damage { get; } = [];

    /// <summary>Records in the damaged places that can be named, and of which nothing else can be relied on. They are not among the <see cref="Contents"/>.</summary>
    public List<DirectoryEntry> Unreadable { get; } = [];

    /// <summary>End of the last place of which damage has taken something that nobody can name; 0 for none.</summary>
    public long UnknownLossEnd { get; private set; }

    /// <summary>Whole batches in the order of the log: where each ends, and how many records and notes there are up to there.</summary>
    public List<ScannedBatch> Batches { get; } = [];

    /// <summary>End of the last valid batch that is not part of a footer; where a footer begins, its beginning.</summary>
    public long End { get; private set; } = SegmentFormat.SegmentHeaderBytes;

    /// <summary>Whether a footer was begun at <see cref="End"/>.</summary>
    public bool HasFooter { get; private set; }

    public ulong LastSequence { get; private set; }

    /// <summary>Written bytes behind <see cref="End"/>; not counting zeros and remains of a footer.</summary>
    public long TornTailBytes { get; private set; }

    /// <param name="header">Of this segment.</param>
    /// <param name="ct">Stops between two batches.</param>
    public void Run(SegmentHeader header, CancellationToken ct)
    {
        using var reader = new BatchReader(file, segment, pool);
        LastSequence = header.FirstSequence - 1;
        var position = (long)SegmentFormat.SegmentHeaderBytes;
        long invalidFrom = -1;
        while (position >= 0 && position < reader.Length)
        {
            ct.ThrowIfCancellationRequested();
            if (!reader.TryRead(position, out var batch, out var frames) || batch.Sequence <= LastSequence)
            {
                invalidFrom = invalidFrom < 0 ? position : invalidFrom;
                position = reader.FindNext(position + SegmentFormat.BlockBytes, LastSequence);
                continue;
            }

            // A footer may be several batches without a sync between them, so only what lies below the footer is damage.
            if (invalidFrom >= 0 && invalidFrom < batch.SyncedPosition)
            {
                Damage.Add(new DamagedPlace(segment, invalidFrom, batch.SyncedPosition - invalidFrom));
                Salvage(reader, invalidFrom, batch.SyncedPosition, batch.Sequence, ct);
                // The salvage has used the reader: the batch is read again, behind what was found.
                invalidFrom = -1;
                continue;
            }

            invalidFrom = -1;
            LastSequence = batch.Sequence;
            if (batch.Flags.HasFlag(BatchFlags.Footer))
            {
                // The footer was begun and not finished. It only repeats, so it is written anew, behind whatever stood before it.
                End = batch.SyncedPosition;
                HasFooter = true;
                return;
            }

            AddFrames(frames, position + SegmentFormat.BatchHeaderBytes);
            position += batch.Bytes;
            Batches.Add(
                new ScannedBatch(position - batch.Bytes, position, Contents.Records.Count, Contents.Notes.Count)
            );
            End = position;
        }

        TornTailBytes = invalidFrom < 0 ? 0 : reader.EndOfData(invalidFrom) - invalidFrom;
    }

    /// <summary>After <see cref="Run"/>, what is behind <see cref="End"/>: for a caller who knows that it is no torn tail, or who does not mind.</summary>
    /// <param name="to">Where it ends.</param>
    /// <param name="before">A sequence that no batch there can have reached.</param>
    /// <param name="ct">Ends it.</param>
    public void SalvageTail(long to, ulong before, CancellationToken ct)
    {
        using var reader = new BatchReader(file, segment, pool);
        Salvage(reader, End, to, before, ct);
    }

    /// <summary>The frames of a segment that is ended but whose directory cannot be read.</summary>
    /// <param name="file">Of the segment.</param>
    /// <param name="segment">Its number.</param>
    /// <param name="footer">When at least this is readable, it says where the directory begins.</param>
    /// <param name="pool">Of the volume.</param>
    /// <param name="ct">Stops between two batches.</param>
    /// <returns>Null when any place before the directory is not as it was written.</returns>
    public static SegmentContents? TryReadWhole(
        IDiskFile file,
        uint segment,
        FooterBlock? footer,
        BufferPool pool,
        CancellationToken ct
    )
    {
        using var block = pool.Rent(SegmentFormat.SegmentHeaderBytes);
        if (
            file.Read(block.GetSpan(), 0) < block.Length
            || !SegmentHeader.TryRead(block.GetSpan(), out var header)
            || header.Segment != segment
        )
        {
            return null;
        }

        var scan = new SegmentScan(file, segment, pool);
        scan.Run(header, ct);
        var isWhole = scan.Damage.Count == 0 && (scan.TornTailBytes == 0 || scan.End == footer?.FirstOffset);
        return isWhole ? scan.Contents : null;
    }

    private void Salvage(BatchReader reader, long from, long to, ulong before, CancellationToken ct)
    {
        var salvage = new BatchSalvage(reader, pool);
        salvage.Run(from, to, LastSequence, before, ct);
        Contents.Records.AddRange(salvage.Whole);
        Unreadable.AddRange(salvage.Unreadable);
        UnknownLossEnd = salvage.HasUnknownLoss ? to : UnknownLossEnd;
    }

    private void AddFrames(ReadOnlySpan<byte> frames, long offset)
    {
        var whole = frames.Length;
        while (true)
        {
            var frameOffset = offset + whole - frames.Length;
            if (!Frame.TryTake(ref frames, out var frame))
            {
                return;
            }

            if (frame.Type == FrameType.Note && frame.Body.Length == SegmentFormat.NoteBodyBytes)
            {
                Contents.Notes.Add(new StatedNote(Note.Read(frame.Body), frame.Origin));
            }
            else if (frame.Type == FrameType.Record && ReadRecord(frame, frameOffset) is { } record)
            {
                Contents.Records.Add(record);
            }
        }
    }

    /// <summary>The entry for a record frame; null, and reported, when what it holds is no record although the batch is as it was written.</summary>
    private DirectoryEntry? ReadRecord(Frame frame, long frameOffset)
    {
        try
        {
            var record = frame.Body[Math.Min(SegmentFormat.RecordPrefixBytes, frame.Body.Length)..];
            var header = RecordHeader.Read(record);
            return new DirectoryEntry(
                header.Id,
                frameOffset,
                record.Length,
                header.Kind,
                frame.Flags,
                BinaryPrimitives.ReadUInt32LittleEndian(frame.Body),
                frame.Origin,
                (byte)header.KeyId,
                BinaryPrimitives.ReadUInt32LittleEndian(frame.Body[4..])
            );
        }
        catch (BlobException)
        {
            Damage.Add(new DamagedPlace(segment, frameOffset, frame.Body.Length));
            UnknownLossEnd = frameOffset + frame.Body.Length;
            return null;
        }
    }
}

/// <summary>One valid batch of a scanned segment.</summary>
/// <param name="Offset">Where it begins.</param>
/// <param name="End">Where the next may begin.</param>
/// <param name="Records">Records of the segment up to its end.</param>
/// <param name="Notes">Notes of the segment up to its end.</param>
internal readonly record struct ScannedBatch(long Offset, long End, int Records, int Notes);
