namespace FileSharing.BlobEngine;

/// <summary>
/// Reads places of segments the cheapest way (docs/decisions/0001-how-segments-are-read.md): a large place past the page cache the first time, since
/// filling the cache costs more than the read, and through it the second time, since then a third is likely. Thread-safe.
/// </summary>
internal sealed class SegmentReader(SegmentSet segments, BufferPool pool)
{
    /// <summary>Smaller reads always go through the page cache: a few pages, and their neighbours are wanted next.</summary>
    private const int PastCacheBytesMin = 64 << 10;

    private readonly ReadHistory history = new();

    /// <returns>Dispose it.</returns>
    /// <exception cref="IOException">The disk cannot read the place, or the file ends before it does.</exception>
    public async ValueTask<SegmentBytes> ReadAsync(uint segment, long offset, int length, CancellationToken ct)
    {
        // The cache is not asked first: asking what it holds makes the kernel read ahead what it does not hold.
        if (length >= PastCacheBytesMin && !history.Remember(segment, offset))
        {
            return await ReadPastCacheAsync(segment, offset, length, ct);
        }

        var buffer = pool.Rent(length);
        try
        {
            using var lease = segments.Reading(segment);
            // Warm bytes are copied here and now: handing them to another thread costs more than the copy.
            if (lease.File.ReadCached(buffer.GetSpan(), offset) < length)
            {
                Require(await lease.File.ReadAsync(buffer.Memory, offset, ct), length);
            }

            return new SegmentBytes(buffer, 0, length);
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    /// <summary>Past the page cache in any case: what the disk itself holds.</summary>
    /// <inheritdoc cref="ReadAsync"/>
    public async ValueTask<SegmentBytes> ReadPastCacheAsync(uint segment, long offset, int length, CancellationToken ct)
    {
        var start = offset & -SegmentFormat.BlockBytes;
        var skip = (int)(offset - start);
        var buffer = pool.Rent((int)SegmentFormat.AlignBlock(skip + length));
        try
        {
            using var lease = segments.ReadingDirect(segment);
            Require(await lease.File.ReadAsync(buffer.Memory, start, ct), skip + length);
            return new SegmentBytes(buffer, skip, length);
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    private static void Require(int read, int wanted)
    {
        if (read < wanted)
        {
            throw new EndOfStreamException("The segment ends before the record does.");
        }
    }
}
