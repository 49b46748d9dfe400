using System.Buffers;
using System.Buffers.Binary;
using FileSharing.Chunks;
using FileSharing.Native.XxHash;

namespace FileSharing.BlobEngine;

/// <summary>
/// Turns plaintext into portable records and back. Bytes: docs/segment-format.md, section 1. Thread-safe.
/// </summary>
public sealed class RecordCodec(DataKeys keys, RecordCodecOptions options)
{
    private readonly RecordEncoder encoder = new(keys, options);
    private readonly BlockDecoder decoder = new(keys);

    /// <summary>Room that the record of this many bytes of plaintext needs at most.</summary>
    public static int RecordBytesMax(int plainBytes) => RecordFormat.RecordBytesMax(plainBytes);

    /// <summary>Writes one whole record, with a fresh salt and under the current data key.</summary>
    /// <param name="kind">Chunk or manifest.</param>
    /// <param name="id">The id of the plaintext; not checked here.</param>
    /// <param name="plain">1 byte to 10 MiB.</param>
    /// <param name="destination">At least <see cref="RecordBytesMax"/> bytes.</param>
    /// <returns>Length of the record in bytes.</returns>
    public int Encode(RecordKind kind, ChunkId id, ReadOnlySpan<byte> plain, Span<byte> destination) =>
        encoder.Encode(kind, id, plain, destination);

    /// <summary>Checks the header and reads it; the rest of the record need not be there.</summary>
    /// <exception cref="BlobException"><see cref="BlobError.BadRecord"/>.</exception>
    public static RecordHeader ReadHeader(ReadOnlySpan<byte> record) => RecordHeader.Read(record);

    /// <summary>Checks header, length and the checksum over the whole record, without a key.</summary>
    /// <exception cref="BlobException"><see cref="BlobError.BadRecord"/>.</exception>
    public static void Verify(ReadOnlySpan<byte> record)
    {
        var header = ReadHeader(record);
        if (header.RecordBytes != record.Length)
        {
            throw new BlobException(
                BlobError.BadRecord,
                $"Not a valid record: it claims {header.RecordBytes} bytes and has {record.Length}."
            );
        }

        var content = record[..^RecordFormat.ChecksumBytes];
        if (BinaryPrimitives.ReadUInt64LittleEndian(record[content.Length..]) != XXH3.Hash64(content))
        {
            throw new BlobException(BlobError.BadRecord, "Not a valid record: it fails its checksum.");
        }
    }

    /// <summary>Whether this is the record of this id and <see cref="Verify"/> finds nothing wrong with it.</summary>
    public static bool IsIntact(ChunkId id, ReadOnlyMemory<byte> record)
    {
        try
        {
            Verify(record.Span);
            return ReadHeader(record.Span).Id == id;
        }
        catch (BlobException)
        {
            return false;
        }
    }

    /// <summary>
    /// Opens the blocks that a range of the plaintext needs. Every block's checksum and tag is verified before its bytes reach
    /// <paramref name="destination"/>; blocks before a bad one have been delivered by then.
    /// </summary>
    /// <exception cref="BlobException"><see cref="BlobError.BadRecord"/>: no record; <see cref="BlobError.Damaged"/>: a block fails;
    /// <see cref="BlobError.UnknownKey"/>.</exception>
    public void DecodeRange(ReadOnlySpan<byte> record, int offset, int length, IBufferWriter<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        var header = ReadHeader(record);
        if (header.RecordBytes != record.Length)
        {
            throw new BlobException(BlobError.BadRecord, "Not a valid record: it is not whole.");
        }

        var layout = BlockLayout.Of(header, record[^header.TrailerBytes..], offset, length);
        decoder.Decode(
            header,
            record[..RecordFormat.HeaderBytes],
            record[^header.TrailerBytes..],
            record.Slice(layout.StoredOffset, layout.StoredBytes),
            layout,
            destination
        );
    }

    internal BlockDecoder Decoder => decoder;
}
