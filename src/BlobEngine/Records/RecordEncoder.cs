using System.Buffers.Binary;
using System.Collections.Concurrent;
using FileSharing.Chunks;
using FileSharing.Native.XxHash;
using FileSharing.Native.Zstd;

namespace FileSharing.BlobEngine;

/// <summary>Writes records. The header is associated data of every block and holds the record's length, so all blocks are compressed before the first is sealed.</summary>
internal sealed class RecordEncoder(DataKeys keys, RecordCodecOptions options)
{
    /// <summary>Bytes compressed on trial, from the middle of the plaintext; less than this is tried whole, unless it looks random.</summary>
    private const int SampleBytes = 16 << 10;

    /// <summary>A sample must save a sixteenth: less is not worth the time that reading it back will cost.</summary>
    private const int SampleSavingShift = 4;

    private static readonly int KeptMax = Environment.ProcessorCount;

    private readonly ConcurrentBag<Compressor> compressors = [];
    private readonly ConcurrentBag<XXH3> hashes = [];

    public int Encode(RecordKind kind, ChunkId id, ReadOnlySpan<byte> plain, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfZero(plain.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plain.Length, RecordFormat.PlainBytesMax);
        ArgumentOutOfRangeException.ThrowIfLessThan(
            destination.Length,
            RecordFormat.RecordBytesMax(plain.Length),
            nameof(destination)
        );

        var keyId = keys.CurrentKeyId;
        var tagBytes = keyId == 0 ? 0 : RecordFormat.TagBytes;
        Span<int> stored = stackalloc int[RecordFormat.BlockCount(plain.Length)];
        var isCompressed = CompressBlocks(plain, destination[RecordFormat.HeaderBytes..], tagBytes, stored);

        var recordBytes = RecordFormat.HeaderBytes + RecordFormat.TrailerBytes(plain.Length);
        foreach (var bytes in stored)
        {
            recordBytes += bytes;
        }

        Span<byte> salt = stackalloc byte[RecordFormat.SaltBytes];
        options.FillSalt(salt);
        var record = destination[..recordBytes];
        new RecordHeader(kind, isCompressed, id, plain.Length, keyId, recordBytes).Write(record, salt);
        SealBlocks(plain, record, keyId, stored);
        return recordBytes;
    }

    /// <summary>Leaves the compressed blocks at their places and their stored lengths in <paramref name="stored"/>; raw blocks are not copied yet.</summary>
    private bool CompressBlocks(ReadOnlySpan<byte> plain, Span<byte> blocks, int tagBytes, Span<int> stored)
    {
        var compressor = options.Compress ? Rent() : null;
        var isWorthIt =
            compressor is not null
            && (
                plain.Length <= SampleBytes ? !ByteSpread.LooksRandom(plain) : SampleShrinks(compressor, plain, blocks)
            );
        for (var i = 0; i < stored.Length; i++)
        {
            var block = Block(plain, i);
            var room = blocks[..(block.Length - 1)];
            var bytes = isWorthIt && compressor!.TryCompress(block, room, out var written) ? written : block.Length;
            stored[i] = bytes + tagBytes;
            blocks = blocks[stored[i]..];
        }

        if (compressor is not null)
        {
            Keep(compressors, compressor);
        }

        return isWorthIt;
    }

    private static bool SampleShrinks(Compressor compressor, ReadOnlySpan<byte> plain, Span<byte> scratch)
    {
        var sample = plain.Slice((plain.Length - SampleBytes) / 2, SampleBytes);
        const int bytesMax = SampleBytes - (SampleBytes >> SampleSavingShift);
        return compressor.TryCompress(sample, scratch[..bytesMax], out _);
    }

    private void SealBlocks(ReadOnlySpan<byte> plain, Span<byte> record, uint keyId, ReadOnlySpan<int> stored)
    {
        using var seal = RecordSeal.For(keys, keyId, record);
        var whole = hashes.TryTake(out var kept) ? kept : new XXH3();
        whole.Reset();
        whole.Append(record[..RecordFormat.HeaderBytes]);
        var tagBytes = seal is null ? 0 : RecordFormat.TagBytes;
        var entries = record[^RecordFormat.TrailerBytes(plain.Length)..];
        var position = RecordFormat.HeaderBytes;
        for (var i = 0; i < stored.Length; i++)
        {
            var block = record.Slice(position, stored[i]);
            var raw = Block(plain, i);
            var isRaw = stored[i] == raw.Length + tagBytes;
            if (seal is not null)
            {
                seal.Seal(i, isRaw ? raw : block[..^tagBytes], block);
            }
            else if (isRaw)
            {
                raw.CopyTo(block);
            }

            // Now, while the block is in the cache: a second pass over a large record would read it from memory.
            whole.Append(block);
            BinaryPrimitives.WriteInt32LittleEndian(entries, stored[i]);
            BinaryPrimitives.WriteUInt64LittleEndian(entries[4..], XXH3.Hash64(block));
            entries = entries[RecordFormat.TrailerEntryBytes..];
            position += stored[i];
        }

        whole.Append(record[position..^RecordFormat.ChecksumBytes]);
        BinaryPrimitives.WriteUInt64LittleEndian(entries, whole.Current64());
        Keep(hashes, whole);
    }

    private static ReadOnlySpan<byte> Block(ReadOnlySpan<byte> plain, int block) =>
        plain.Slice(block * RecordFormat.BlockBytes, RecordFormat.PlainBlockBytes(plain.Length, block));

    private Compressor Rent() =>
        compressors.TryTake(out var compressor) ? compressor : new Compressor(options.CompressionLevel);

    private static void Keep<T>(ConcurrentBag<T> bag, T tool)
        where T : IDisposable
    {
        if (bag.Count < KeptMax)
        {
            bag.Add(tool);
        }
        else
        {
            tool.Dispose();
        }
    }
}
