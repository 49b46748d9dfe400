using System.Buffers;
using System.Collections.Concurrent;
using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <summary>
/// Reads records through the page cache (docs/decisions/0001-how-segments-are-read.md). What fails a check is read once more past the cache, since
/// a stale page is not a damaged disk; what fails again is damaged. Thread-safe.
/// </summary>
internal sealed class RecordReader(SegmentSet segments, BufferPool pool, BlockDecoder decoder)
{
    /// <summary>Records up to this size are read whole even for a small range: one read instead of three.</summary>
    private const int WholeReadBytesMax = 256 << 10;

    private readonly ConcurrentDictionary<ChunkId, bool> damaged = new();

    /// <summary>Records found damaged and not yet healed or deleted.</summary>
    public int Damaged => damaged.Count;

    public void Forget(ChunkId id) => damaged.TryRemove(id, out _);

    /// <summary>Reads the whole record and verifies its checksum.</summary>
    /// <exception cref="BlobException"><see cref="BlobError.Damaged"/>.</exception>
    public async ValueTask<StoredRecord> ReadAsync(ChunkId id, IndexEntry entry, CancellationToken ct)
    {
        var buffer = pool.Rent(entry.RecordBytes);
        try
        {
            if (
                !await TryFillAsync(buffer.Memory, entry.RecordOffset, entry, ct)
                || !IsWhole(id, entry, buffer.GetSpan())
            )
            {
                FillDirect(id, entry, buffer);
            }

            return new StoredRecord(buffer, RecordHeader.Read(buffer.GetSpan()));
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    /// <summary>Whether the stored record is whole; when not, it is remembered as damaged.</summary>
    public async ValueTask<bool> IsIntactAsync(ChunkId id, IndexEntry entry, CancellationToken ct)
    {
        try
        {
            (await ReadAsync(id, entry, ct)).Dispose();
            return true;
        }
        catch (BlobException error) when (error.Error == BlobError.Damaged)
        {
            return false;
        }
    }

    /// <summary>Delivers a range of the plaintext, every block checked before it is delivered.</summary>
    /// <exception cref="BlobException"><see cref="BlobError.Damaged"/>: what was delivered before is good.</exception>
    public async ValueTask ReadPlainAsync(
        ChunkId id,
        IndexEntry entry,
        int offset,
        int length,
        IBufferWriter<byte> destination,
        CancellationToken ct
    )
    {
        var counted = new CountingWriter(destination);
        try
        {
            if (entry.RecordBytes <= WholeReadBytesMax || length >= entry.RecordBytes / 2)
            {
                await DecodeFromWholeAsync(id, entry, offset, length, counted, ct);
            }
            else
            {
                await DecodeFromBlocksAsync(id, entry, offset, length, counted, ct);
            }
        }
        catch (BlobException error) when (error.Error is BlobError.Damaged or BlobError.BadRecord)
        {
            using var buffer = pool.Rent(entry.RecordBytes);
            FillDirect(id, entry, buffer);
            DecodeWhole(buffer.GetSpan(), offset + counted.Written, length - counted.Written, destination);
        }
    }

    private async ValueTask DecodeFromWholeAsync(
        ChunkId id,
        IndexEntry entry,
        int offset,
        int length,
        CountingWriter destination,
        CancellationToken ct
    )
    {
        using var buffer = pool.Rent(entry.RecordBytes);
        if (!await TryFillAsync(buffer.Memory, entry.RecordOffset, entry, ct))
        {
            throw Unreadable(id, entry);
        }

        CheckHeader(id, entry, RecordHeader.Read(buffer.GetSpan()));
        DecodeWhole(buffer.GetSpan(), offset, length, destination);
    }

    private void DecodeWhole(ReadOnlySpan<byte> record, int offset, int length, IBufferWriter<byte> destination)
    {
        var header = RecordHeader.Read(record);
        var trailer = record[^header.TrailerBytes..];
        var layout = BlockLayout.Of(header, trailer, offset, length);
        var blocks = record.Slice(layout.StoredOffset, layout.StoredBytes);
        decoder.Decode(header, record[..RecordFormat.HeaderBytes], trailer, blocks, layout, destination);
    }

    private async ValueTask DecodeFromBlocksAsync(
        ChunkId id,
        IndexEntry entry,
        int offset,
        int length,
        CountingWriter destination,
        CancellationToken ct
    )
    {
        using var ends = pool.Rent(RecordFormat.HeaderBytes + RecordFormat.TrailerBytes(RecordFormat.PlainBytesMax));
        var headerBytes = ends.Memory[..RecordFormat.HeaderBytes];
        Require(await TryFillAsync(headerBytes, entry.RecordOffset, entry, ct), id, entry);
        var header = RecordHeader.Read(headerBytes.Span);
        CheckHeader(id, entry, header);

        var trailer = ends.Memory.Slice(RecordFormat.HeaderBytes, header.TrailerBytes);
        var trailerOffset = entry.RecordOffset + entry.RecordBytes - trailer.Length;
        Require(await TryFillAsync(trailer, trailerOffset, entry, ct), id, entry);
        var layout = BlockLayout.Of(header, trailer.Span, offset, length);

        using var blocks = pool.Rent(layout.StoredBytes);
        Require(await TryFillAsync(blocks.Memory, entry.RecordOffset + layout.StoredOffset, entry, ct), id, entry);
        decoder.Decode(header, headerBytes.Span, trailer.Span, blocks.GetSpan(), layout, destination);
    }

    private async ValueTask<bool> TryFillAsync(Memory<byte> buffer, long offset, IndexEntry entry, CancellationToken ct)
    {
        try
        {
            using var lease = segments.Reading(entry.Segment);
            return await lease.File.ReadAsync(buffer, offset, ct) == buffer.Length;
        }
        catch (IOException)
        {
            // A place that the disk cannot read is a damaged place.
            return false;
        }
    }

    /// <summary>The second look: whole record, past the page cache, whole checksum.</summary>
    private void FillDirect(ChunkId id, IndexEntry entry, PooledBuffer buffer)
    {
        var start = entry.RecordOffset & -SegmentFormat.BlockBytes;
        var skip = (int)(entry.RecordOffset - start);
        using var blocks = pool.Rent((int)SegmentFormat.AlignBlock(skip + entry.RecordBytes));
        try
        {
            using var lease = segments.ReadingDirect(entry.Segment);
            var read = lease.File.Read(blocks.GetSpan(), start);
            if (read >= skip + entry.RecordBytes)
            {
                blocks.GetSpan().Slice(skip, entry.RecordBytes).CopyTo(buffer.GetSpan());
                if (IsWhole(id, entry, buffer.GetSpan()))
                {
                    return;
                }
            }
        }
        catch (IOException error)
        {
            damaged[id] = true;
            throw Unreadable(id, entry, error);
        }

        damaged[id] = true;
        throw Unreadable(id, entry);
    }

    private static bool IsWhole(ChunkId id, IndexEntry entry, ReadOnlySpan<byte> record)
    {
        try
        {
            RecordCodec.Verify(record);
            CheckHeader(id, entry, RecordHeader.Read(record));
            return true;
        }
        catch (BlobException)
        {
            return false;
        }
    }

    private static void CheckHeader(ChunkId id, IndexEntry entry, RecordHeader header) =>
        Require(header.Id == id && header.Kind == entry.Kind && header.RecordBytes == entry.RecordBytes, id, entry);

    private static void Require(bool holds, ChunkId id, IndexEntry entry)
    {
        if (!holds)
        {
            throw Unreadable(id, entry);
        }
    }

    private static BlobException Unreadable(ChunkId id, IndexEntry entry, Exception? cause = null) =>
        new(
            BlobError.Damaged,
            $"The record of {id} in segment {entry.Segment} at {entry.RecordOffset} is damaged.",
            cause
        );

    /// <summary>Knows how much has been delivered, so that a second attempt goes on there.</summary>
    private sealed class CountingWriter(IBufferWriter<byte> target) : IBufferWriter<byte>
    {
        public int Written { get; private set; }

        public void Advance(int count)
        {
            target.Advance(count);
            Written += count;
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => target.GetMemory(sizeHint);

        public Span<byte> GetSpan(int sizeHint = 0) => target.GetSpan(sizeHint);
    }
}
