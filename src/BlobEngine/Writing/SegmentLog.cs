namespace FileSharing.BlobEngine;

/// <summary>The segments of a volume as one log to append to: opens the next when there is none, seals what is full. One thread.</summary>
internal sealed class SegmentLog(VolumeOptions options, SegmentSet segments, BufferPool pool, LogPosition position)
    : IDisposable
{
    private OpenSegment? open = position.Open;
    private uint nextSegment = position.NextSegment;

    /// <summary>The sequence of the next batch.</summary>
    public ulong NextSequence { get; private set; } = position.NextSequence;

    /// <summary>The segment of the last batch.</summary>
    public uint Segment => open!.Number;

    /// <summary>End of the last batch.</summary>
    public long Position => open!.Position;

    public bool IsOpen => open is not null;

    public bool IsFull =>
        open!.Position >= options.SegmentBytesMax || open.FrameCount >= SegmentFormat.SegmentFramesMax;

    /// <summary>False once a segment was opened where the file system has no O_DIRECT.</summary>
    public bool IsDirect { get; private set; } = position.Open?.IsDirect ?? true;

    /// <summary>Makes sure that a batch of this many bytes has a place.</summary>
    /// <exception cref="IOException">No space (<see cref="DiskErrors.IsNoSpace"/>), and nothing was written; or the disk failed.</exception>
    public void Reserve(long batchBytes)
    {
        open ??= OpenNext();
        open.Reserve(SegmentFormat.AlignBlock(batchBytes));
    }

    /// <summary>Returns when the batch is on stable storage.</summary>
    public (long Offset, ulong Sequence) Write(BatchBuilder builder)
    {
        var offset = Position;
        var sequence = NextSequence;
        // Batches follow one another only after a sync, so what is synced is everything before this one.
        open!.Write(builder.Finish(BatchFlags.None, Segment, offset, sequence, syncedPosition: offset));
        NextSequence++;
        return (offset, sequence);
    }

    /// <summary>What is in the open segment, as of now.</summary>
    public SegmentContents CopyOpenContents() => open?.CopyContents() ?? new SegmentContents();

    public void Remember(DirectoryEntry record) => open!.Remember(record);

    public void Remember(StatedNote note) => open!.Remember(note);

    /// <summary>Makes sure that the open segment can be sealed. On a full disk it grows beyond its size rather than fail: its footer can wait.</summary>
    public bool TryReserveFooter()
    {
        try
        {
            open!.Reserve(open.FooterBytesMax);
            return true;
        }
        catch (IOException error) when (DiskErrors.IsNoSpace(error))
        {
            return false;
        }
    }

    /// <summary>Ends the open segment with its directory.</summary>
    public (uint Segment, long Length) Seal(BatchBuilder builder)
    {
        var segment = open!;
        NextSequence = segment.Seal(builder, pool, NextSequence);
        segment.Dispose();
        open = null;
        return (segment.Number, segment.Position);
    }

    /// <summary>Trims the open segment, to be continued by the next opening.</summary>
    public void Trim() => open?.Trim();

    private OpenSegment OpenNext()
    {
        var header = new SegmentHeader(position.VolumeId, position.Incarnation, nextSegment, NextSequence);
        var file = segments.Create(header, pool);
        nextSegment++;
        IsDirect &= file.IsDirect;
        return new OpenSegment(segments, header.Segment, file, SegmentFormat.SegmentHeaderBytes, new SegmentContents());
    }

    public void Dispose() => open?.Dispose();
}

/// <summary>Where the log goes on.</summary>
/// <param name="VolumeId">Written into every segment.</param>
/// <param name="Incarnation">Written into every segment.</param>
/// <param name="NextSegment">Number of the next new segment.</param>
/// <param name="NextSequence">Sequence of the next batch.</param>
/// <param name="Open">The segment to continue, if any.</param>
internal sealed record LogPosition(
    Guid VolumeId,
    ulong Incarnation,
    uint NextSegment,
    ulong NextSequence,
    OpenSegment? Open
);
