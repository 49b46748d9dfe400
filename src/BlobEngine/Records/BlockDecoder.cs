using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using FileSharing.Native.XxHash;
using FileSharing.Native.Zstd;

namespace FileSharing.BlobEngine;

/// <summary>Opens blocks of records: checksum, tag, decompression, and only then delivery. Thread-safe.</summary>
internal sealed class BlockDecoder(DataKeys keys)
{
    private static readonly int DecompressorsMax = Environment.ProcessorCount;

    private readonly ConcurrentBag<Decompressor> decompressors = [];

    /// <param name="header">The record's header, already checked.</param>
    /// <param name="headerBytes">The same as bytes: it is associated data of every block.</param>
    /// <param name="trailer">The whole trailer.</param>
    /// <param name="stored">The stored bytes that <paramref name="layout"/> names.</param>
    /// <param name="layout">The range wanted.</param>
    /// <param name="destination">Gets the plaintext, block by block.</param>
    public void Decode(
        RecordHeader header,
        ReadOnlySpan<byte> headerBytes,
        ReadOnlySpan<byte> trailer,
        ReadOnlySpan<byte> stored,
        BlockLayout layout,
        IBufferWriter<byte> destination
    )
    {
        using var seal = RecordSeal.For(keys, header.KeyId, headerBytes);
        var decompressor = header.IsCompressed ? Rent() : null;
        var scratch = ArrayPool<byte>.Shared.Rent(2 * RecordFormat.BlockBytes);
        try
        {
            for (var block = layout.FirstBlock; block <= layout.LastBlock; block++)
            {
                var entry = trailer.Slice(block * RecordFormat.TrailerEntryBytes, RecordFormat.TrailerEntryBytes);
                var bytes = stored[..BinaryPrimitives.ReadInt32LittleEndian(entry)];
                stored = stored[bytes.Length..];
                if (XXH3.Hash64(bytes) != BinaryPrimitives.ReadUInt64LittleEndian(entry[4..]))
                {
                    throw Bad(block, "fails its checksum");
                }

                Deliver(new Opening(header, seal, decompressor, block), bytes, layout, scratch, destination);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(scratch);
            Return(decompressor);
        }
    }

    /// <summary>Opens straight into the destination where the block is wanted whole, else by way of the scratch buffer.</summary>
    private static void Deliver(
        Opening opening,
        ReadOnlySpan<byte> bytes,
        BlockLayout layout,
        byte[] scratch,
        IBufferWriter<byte> destination
    )
    {
        var plainBytes = RecordFormat.PlainBlockBytes(opening.Header.PlainBytes, opening.Block);
        var blockStart = opening.Block * RecordFormat.BlockBytes;
        var from = Math.Max(layout.Offset - blockStart, 0);
        var to = Math.Min(layout.Offset + layout.Length - blockStart, plainBytes);
        var unsealed = scratch.AsSpan(RecordFormat.BlockBytes);
        if (from == 0 && to == plainBytes)
        {
            Open(opening, bytes, unsealed, destination.GetSpan(plainBytes)[..plainBytes]);
        }
        else
        {
            var plain = scratch.AsSpan(0, plainBytes);
            Open(opening, bytes, unsealed, plain);
            plain[from..to].CopyTo(destination.GetSpan(to - from));
        }

        destination.Advance(to - from);
    }

    private static void Open(Opening opening, ReadOnlySpan<byte> bytes, Span<byte> unsealed, Span<byte> plain)
    {
        var length = bytes.Length - opening.Header.TagBytes;
        var isRaw = length == plain.Length;
        if (length <= 0 || length > plain.Length || (!isRaw && opening.Decompressor is null))
        {
            throw Bad(opening.Block, $"has an impossible length of {bytes.Length} bytes");
        }

        try
        {
            if (opening.Seal is not null)
            {
                var target = isRaw ? plain : unsealed[..length];
                opening.Seal.Open(opening.Block, bytes, target);
                bytes = target;
            }
            else if (isRaw)
            {
                bytes.CopyTo(plain);
            }

            if (!isRaw && opening.Decompressor!.Decompress(bytes, plain) != plain.Length)
            {
                throw Bad(opening.Block, "decompresses to too few bytes");
            }
        }
        catch (Exception error) when (error is CryptographicException or InvalidDataException)
        {
            throw Bad(opening.Block, "cannot be opened", error);
        }
    }

    private static BlobException Bad(int block, string problem, Exception? cause = null) =>
        new(BlobError.Damaged, $"Block {block} of a record {problem}.", cause);

    private Decompressor Rent() => decompressors.TryTake(out var decompressor) ? decompressor : new Decompressor();

    private void Return(Decompressor? decompressor)
    {
        if (decompressor is null)
        {
            return;
        }

        if (decompressors.Count < DecompressorsMax)
        {
            decompressors.Add(decompressor);
        }
        else
        {
            decompressor.Dispose();
        }
    }

    /// <summary>All that opening one block needs.</summary>
    private readonly record struct Opening(
        RecordHeader Header,
        RecordSeal? Seal,
        Decompressor? Decompressor,
        int Block
    );
}
