using System.Buffers;
using System.Collections.Concurrent;
using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <summary>
/// Reads records. What fails a check is read once more past the page cache, since a stale page is not a damaged disk; what fails again is damaged.
/// Thread-safe.
/// </summary>
internal sealed class RecordReader(SegmentReader segments, BlockDecoder decoder)
{
    /// <summary>Records up to this size are read whole even for a small range: one read instead of three.</summary>
    private const int WholeReadBytesMax = 256 << 10;

    private readonly ConcurrentDictionary<ChunkId, bool> damaged = new();

    /// <summary>Records found damaged and not yet healed or deleted.</summary>
    public int Damaged => damaged.Count;

    /// <summary>Whether its stored copy was found damaged since opening.</summary>
    public bool IsDamaged(ChunkId id) => damaged.ContainsKey(id);

    public void Remember(ChunkId id) => damaged[id] = true;

    public void Forget(ChunkId id) => damaged.TryRemove(id, out _);

    /// <summary>Reads the whole record and verifies its checksum.</summary>
    /// <exception cref="BlobException"><see cref="BlobError.Damaged"/>.</exception>
    public async ValueTask<StoredRecord> ReadAsync(ChunkId id, IndexEntry entry, CancellationToken ct)
    {
        if (await TryReadAsync(entry, ct) is { } bytes)
        {
            if (IsWhole(id, entry, bytes.Span))
            {
                return new StoredRecord(bytes, RecordHeader.Read(bytes.Span));
            }

            bytes.Dispose();
        }

        return await ReadStoredAsync(id, entry, ct);
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
        catch (Exception error)
            when (error is IOException or BlobException { Error: BlobError.Damaged or BlobError.BadRecord })
        {
            using var record = await ReadStoredAsync(id, entry, ct);
            DecodeWhole(record.Memory.Span, offset + counted.Written, length - counted.Written, destination);
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
        using var record = await segments.ReadAsync(entry.Segment, entry.RecordOffset, entry.RecordBytes, ct);
        CheckHeader(id, entry, RecordHeader.Read(record.Span));
        DecodeWhole(record.Span, offset, length, destination);
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
        using var start = await segments.ReadAsync(entry.Segment, entry.RecordOffset, RecordFormat.HeaderBytes, ct);
        var header = RecordHeader.Read(start.Span);
        CheckHeader(id, entry, header);

        var trailerOffset = entry.RecordOffset + entry.RecordBytes - header.TrailerBytes;
        using var trailer = await segments.ReadAsync(entry.Segment, trailerOffset, header.TrailerBytes, ct);
        var layout = BlockLayout.Of(header, trailer.Span, offset, length);

        var blocksOffset = entry.RecordOffset + layout.StoredOffset;
        using var blocks = await segments.ReadAsync(entry.Segment, blocksOffset, layout.StoredBytes, ct);
        decoder.Decode(header, start.Span, trailer.Span, blocks.Span, layout, destination);
    }

    /// <summary>Null where the disk cannot read: a damaged place, as one that it reads wrongly.</summary>
    private async ValueTask<SegmentBytes?> TryReadAsync(IndexEntry entry, CancellationToken ct)
    {
        try
        {
            return await segments.ReadAsync(entry.Segment, entry.RecordOffset, entry.RecordBytes, ct);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>What the disk itself holds: the whole record, past the page cache, its checksum verified.</summary>
    /// <exception cref="BlobException"><see cref="BlobError.Damaged"/>.</exception>
    public async ValueTask<StoredRecord> ReadStoredAsync(ChunkId id, IndexEntry entry, CancellationToken ct)
    {
        Exception? cause = null;
        try
        {
            var bytes = await segments.ReadPastCacheAsync(entry.Segment, entry.RecordOffset, entry.RecordBytes, ct);
            if (IsWhole(id, entry, bytes.Span))
            {
                return new StoredRecord(bytes, RecordHeader.Read(bytes.Span));
            }

            bytes.Dispose();
        }
        catch (IOException error)
        {
            cause = error;
        }

        damaged[id] = true;
        throw new BlobException(
            BlobError.Damaged,
            $"The record of {id} in segment {entry.Segment} at {entry.RecordOffset} is damaged.",
            cause
        );
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

    private static void CheckHeader(ChunkId id, IndexEntry entry, RecordHeader header)
    {
        if (header.Id != id || header.Kind != entry.Kind || header.RecordBytes != entry.RecordBytes)
        {
            throw new BlobException(
                BlobError.Damaged,
                $"In segment {entry.Segment} at {entry.RecordOffset} lies another record than that of {id}."
            );
        }
    }

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
