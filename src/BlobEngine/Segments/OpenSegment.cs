using System.Runtime.InteropServices;

namespace FileSharing.BlobEngine;

/// <summary>The segment that is appended to: its file, where the next batch goes, and its directory so far. One thread.</summary>
internal sealed class OpenSegment : IDisposable
{
    private readonly IDiskFile file;
    private readonly SegmentSet segments;
    private readonly List<DirectoryEntry> records;
    private readonly List<StatedNote> notes;
    private long allocated;

    /// <param name="segments">Told of every change of length.</param>
    /// <param name="number">Its number.</param>
    /// <param name="file">Open for writing.</param>
    /// <param name="position">End of the last batch, all of it durable.</param>
    /// <param name="contents">Its frames so far.</param>
    public OpenSegment(SegmentSet segments, uint number, IDiskFile file, long position, SegmentContents contents)
    {
        this.segments = segments;
        this.file = file;
        Number = number;
        Position = position;
        allocated = file.Length;
        records = contents.Records;
        notes = contents.Notes;
    }

    public uint Number { get; }

    /// <summary>Where the next batch goes; everything below is durable.</summary>
    public long Position { get; private set; }

    public int FrameCount => records.Count + notes.Count;

    /// <summary>Room that the footer needs at most: a header and padding for each of its batches, and the footer block.</summary>
    public long FooterBytesMax
    {
        get
        {
            var frames =
                ((long)records.Count * SegmentFormat.DirectoryEntryBytes)
                + ((long)notes.Count * SegmentFormat.NoteFrameBytes);
            var batches = 2 + (frames / SegmentFormat.FooterBatchBytesMax);
            return frames + (batches * 2 * SegmentFormat.BlockBytes) + SegmentFormat.FooterBlockBytes;
        }
    }

    public bool IsDirect => file.IsDirect;

    /// <summary>Reserves space for a batch: a full disk shows here, before anything is written.</summary>
    public void Reserve(long bytes)
    {
        var needed = Position + bytes;
        if (needed <= allocated)
        {
            return;
        }

        var step = Math.Max(needed - allocated, SegmentFormat.GrowthBytes);
        try
        {
            file.Allocate(allocated, step);
        }
        catch (IOException error) when (DiskErrors.IsNoSpace(error) && step > needed - allocated)
        {
            step = needed - allocated;
            file.Allocate(allocated, step);
        }

        file.Sync();
        allocated += step;
        segments.SetLength(Number, allocated);
    }

    /// <summary>Returns when the batch is on stable storage.</summary>
    public void Write(ReadOnlySpan<byte> batch)
    {
        file.Write(batch, Position);
        file.SyncData();
        Position += batch.Length;
    }

    public void Remember(DirectoryEntry record) => records.Add(record);

    public void Remember(StatedNote note) => notes.Add(note);

    /// <summary>Writes directory and footer block, and trims the file to them. The segment takes no more batches.</summary>
    /// <returns>The sequence after the footer's.</returns>
    public ulong Seal(BatchBuilder builder, BufferPool pool, ulong sequence)
    {
        var synced = Position;
        var first = Position;
        var batches = 0u;
        var unwrittenRecords = CollectionsMarshal.AsSpan(records);
        var unwrittenNotes = CollectionsMarshal.AsSpan(notes);
        do
        {
            builder.Clear();
            FillFooterBatch(builder, sequence, ref unwrittenRecords, ref unwrittenNotes);
            var batch = builder.Finish(BatchFlags.Footer, Number, Position, sequence, synced);
            file.Write(batch, Position);
            Position += batch.Length;
            sequence++;
            batches++;
        } while (unwrittenRecords.Length + unwrittenNotes.Length > 0);

        using (var block = pool.Rent(SegmentFormat.FooterBlockBytes))
        {
            var footer = new FooterBlock(Number, batches, first, sequence - 1, (ulong)records.Count);
            footer.Write(block.GetSpan());
            file.Write(block.GetSpan(), Position);
        }

        Position += SegmentFormat.FooterBlockBytes;
        builder.Clear();
        Trim();
        return sequence;
    }

    private static void FillFooterBatch(
        BatchBuilder builder,
        ulong sequence,
        ref Span<DirectoryEntry> records,
        ref Span<StatedNote> notes
    )
    {
        const int entriesMax = SegmentFormat.FooterBatchBytesMax / SegmentFormat.DirectoryEntryBytes;
        var entries = records[..Math.Min(records.Length, entriesMax)];
        if (entries.Length > 0)
        {
            builder.AddDirectory(entries, sequence);
            records = records[entries.Length..];
        }

        while (notes.Length > 0 && builder.Bytes + SegmentFormat.NoteFrameBytes <= SegmentFormat.FooterBatchBytesMax)
        {
            builder.AddNote(notes[0].Note, notes[0].Origin);
            notes = notes[1..];
        }
    }

    public SegmentContents CopyContents()
    {
        var copy = new SegmentContents();
        copy.Records.AddRange(records);
        copy.Notes.AddRange(notes);
        return copy;
    }

    /// <summary>Cuts what was preallocated and not used; durable when it returns.</summary>
    public void Trim()
    {
        file.Truncate(Position);
        file.Sync();
        allocated = Position;
        segments.SetLength(Number, Position);
    }

    public void Dispose() => file.Dispose();
}

/// <summary>The frames of a segment, in the order of the log.</summary>
internal sealed class SegmentContents
{
    public List<DirectoryEntry> Records { get; } = [];

    public List<StatedNote> Notes { get; } = [];

    /// <summary>Adds a record in its place.</summary>
    public void Insert(DirectoryEntry record)
    {
        var at = Records.FindIndex(other => other.FrameOffset > record.FrameOffset);
        Records.Insert(at < 0 ? Records.Count : at, record);
    }
}
