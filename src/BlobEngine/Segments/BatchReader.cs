using FileSharing.Native.XxHash;

namespace FileSharing.BlobEngine;

/// <summary>
/// Reads the batches of a segment in large reads past the page cache, each byte once: for whoever reads a segment from end to end. A place that the disk
/// cannot read is handed on as zeros, which no batch is made of, so that one bad sector is damage like any other. One thread.
/// </summary>
internal sealed class BatchReader(IDiskFile file, uint segment, BufferPool pool) : IDisposable
{
    /// <summary>One read, unless a batch is longer.</summary>
    private const int ReadBytes = 4 << 20;

    private PooledBuffer? buffer;
    private long start;
    private int filled;

    /// <summary>Of the file when the reader was made.</summary>
    public long Length { get; } = file.Length;

    /// <summary>The batch that was written for this place.</summary>
    /// <param name="offset">A multiple of 4 KiB.</param>
    /// <param name="header">Of the batch.</param>
    /// <param name="frames">Valid until the next call.</param>
    /// <returns>False when no whole, undamaged batch of this segment stands there.</returns>
    public bool TryRead(long offset, out BatchHeader header, out ReadOnlySpan<byte> frames)
    {
        frames = default;
        if (!TryReadHeader(offset, out header) || header.Bytes > Length - offset)
        {
            return false;
        }

        var bytes = View(offset, (int)header.Bytes);
        if (bytes.Length < header.Bytes)
        {
            return false;
        }

        frames = bytes.Slice(SegmentFormat.BatchHeaderBytes, (int)header.FrameBytes);
        return XXH3.Hash64(frames) == header.FrameChecksum;
    }

    /// <summary>The first place from here on where a batch header of this segment stands that is later than this sequence.</summary>
    /// <returns>-1 when there is none.</returns>
    public long FindNext(long from, ulong afterSequence)
    {
        for (var offset = from; offset < Length; offset += SegmentFormat.BlockBytes)
        {
            if (TryReadHeader(offset, out var header) && header.Sequence > afterSequence)
            {
                return offset;
            }
        }

        return -1;
    }

    /// <summary>End of the last block from here on that holds anything but zeros; <paramref name="from"/> when none does.</summary>
    public long EndOfData(long from)
    {
        var end = from;
        for (var offset = from; offset < Length; )
        {
            var bytes = View(offset, (int)Math.Min(ReadBytes, Length - offset));
            var last = bytes.LastIndexOfAnyExcept((byte)0);
            end = last < 0 ? end : Math.Min(SegmentFormat.AlignBlock(offset + last + 1), Length);
            offset += Math.Max(bytes.Length, 1);
        }

        return end;
    }

    /// <summary>The header of the batch that was written for this place; its frames are not looked at.</summary>
    public bool TryReadHeader(long offset, out BatchHeader header) =>
        BatchHeader.TryRead(View(offset, SegmentFormat.BatchHeaderBytes), segment, offset, out header);

    /// <summary>Bytes from any place; fewer at the end of the file. Valid until the next call.</summary>
    /// <param name="offset">Of the first.</param>
    /// <param name="bytes">At most <see cref="BufferPool.BufferBytesMax"/> less a block.</param>
    public ReadOnlySpan<byte> Read(long offset, int bytes)
    {
        var skip = (int)(offset % SegmentFormat.BlockBytes);
        var view = View(offset - skip, skip + bytes);
        return view[Math.Min(skip, view.Length)..];
    }

    /// <summary>Bytes of the file from a multiple of 4 KiB on; fewer at its end.</summary>
    private ReadOnlySpan<byte> View(long offset, int bytes)
    {
        if (buffer is null || offset < start || offset + bytes > start + filled)
        {
            Fill(offset, bytes);
        }

        var available = (int)Math.Clamp(start + filled - offset, 0, bytes);
        return buffer!.GetSpan().Slice((int)(offset - start), available);
    }

    private void Fill(long offset, int bytes)
    {
        var wanted = (int)Math.Max(SegmentFormat.AlignBlock(bytes), ReadBytes);
        var next = buffer is not null && buffer.Length >= wanted ? buffer : pool.Rent(wanted);
        var kept = buffer is not null && offset >= start ? (int)Math.Max(start + filled - offset, 0) : 0;
        // What is kept must end on a block, where the next read begins.
        kept -= kept % SegmentFormat.BlockBytes;
        if (kept > 0)
        {
            buffer!.GetSpan().Slice((int)(offset - start), kept).CopyTo(next.GetSpan());
        }

        if (next != buffer)
        {
            buffer?.Dispose();
        }

        buffer = next;
        start = offset;
        filled = kept;
        filled += Read(next.GetSpan()[kept..wanted], offset + kept);
    }

    private int Read(Span<byte> target, long offset)
    {
        try
        {
            return file.Read(target, offset);
        }
        catch (IOException)
        {
            return ReadAroundBadBlocks(target, offset);
        }
    }

    /// <exception cref="IOException">Not one block can be read, nor the first of the segment: the disk is gone.</exception>
    private int ReadAroundBadBlocks(Span<byte> target, long offset)
    {
        var isAnyRead = false;
        IOException? failure = null;
        var end = (int)Math.Min(target.Length, Math.Max(Length - offset, 0));
        for (var done = 0; done < end; done += SegmentFormat.BlockBytes)
        {
            var block = target.Slice(done, Math.Min(SegmentFormat.BlockBytes, target.Length - done));
            try
            {
                block[file.Read(block, offset + done)..].Clear();
                isAnyRead = true;
            }
            catch (IOException error)
            {
                block.Clear();
                failure = error;
            }
        }

        return isAnyRead || failure is null || IsDiskThere(target)
            ? end
            : throw new IOException($"Segment {segment} cannot be read from {offset} on: {failure.Message}", failure);
    }

    /// <summary>Whether the first block of the segment can be read. A segment of one batch has only one block behind it.</summary>
    /// <param name="scratch">Zeros before and after.</param>
    private bool IsDiskThere(Span<byte> scratch)
    {
        var block = scratch[..Math.Min(SegmentFormat.BlockBytes, scratch.Length)];
        var isThere = file.TryFill(block, 0);
        block.Clear();
        return isThere;
    }

    public void Dispose() => buffer?.Dispose();
}
