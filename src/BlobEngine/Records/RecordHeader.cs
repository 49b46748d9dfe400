using System.Buffers.Binary;
using FileSharing.Chunks;
using FileSharing.Native.XxHash;

namespace FileSharing.BlobEngine;

/// <summary>What a record says of itself, once its header's checksum and bounds hold.</summary>
/// <param name="Kind">Chunk or manifest.</param>
/// <param name="IsCompressed">Whether blocks may be zstd frames.</param>
/// <param name="Id">Its name.</param>
/// <param name="PlainBytes">Length of the plaintext in bytes.</param>
/// <param name="KeyId">The data key that it is sealed with; 0 when it is not.</param>
/// <param name="RecordBytes">Length of the whole record in bytes.</param>
public readonly record struct RecordHeader(
    RecordKind Kind,
    bool IsCompressed,
    ChunkId Id,
    int PlainBytes,
    uint KeyId,
    int RecordBytes
)
{
    internal int BlockCount => RecordFormat.BlockCount(PlainBytes);

    internal int TrailerBytes => RecordFormat.TrailerBytes(PlainBytes);

    /// <summary>Bytes that sealing adds to every block.</summary>
    internal int TagBytes => KeyId == 0 ? 0 : RecordFormat.TagBytes;

    internal static RecordHeader Read(ReadOnlySpan<byte> bytes)
    {
        Require(bytes.Length >= RecordFormat.HeaderBytes, "it is shorter than a header");
        Require(BinaryPrimitives.ReadUInt32LittleEndian(bytes) == RecordFormat.Magic, "it has no record magic");
        var version = bytes[RecordFormat.VersionOffset];
        Require(version == RecordFormat.Version, $"it has version {version}");
        var checksum = BinaryPrimitives.ReadUInt64LittleEndian(bytes[RecordFormat.HeaderChecksumOffset..]);
        Require(checksum == XXH3.Hash64(bytes[..RecordFormat.HeaderChecksumOffset]), "its header fails its checksum");
        var kind = (RecordKind)bytes[RecordFormat.KindOffset];
        Require(kind is RecordKind.Chunk or RecordKind.Manifest, $"it has kind {(int)kind}");
        Require(bytes[RecordFormat.CodecOffset] <= 1 && bytes[7] == 0, "it has an unknown codec");
        var plainBytes = BinaryPrimitives.ReadUInt32LittleEndian(bytes[RecordFormat.PlainBytesOffset..]);
        Require(plainBytes is > 0 and <= RecordFormat.PlainBytesMax, $"it claims {plainBytes} bytes of plaintext");
        var blockBytes = BinaryPrimitives.ReadUInt32LittleEndian(bytes[RecordFormat.BlockBytesOffset..]);
        Require(blockBytes == RecordFormat.BlockBytes, $"it has blocks of {blockBytes} bytes");
        var recordBytes = BinaryPrimitives.ReadUInt32LittleEndian(bytes[RecordFormat.RecordBytesOffset..]);
        Require(
            recordBytes >= RecordFormat.RecordBytesMinOf((int)plainBytes)
                && recordBytes <= RecordFormat.RecordBytesMax((int)plainBytes),
            $"it claims a length of {recordBytes} bytes"
        );
        return new RecordHeader(
            kind,
            bytes[RecordFormat.CodecOffset] == 1,
            new ChunkId(bytes.Slice(RecordFormat.IdOffset, ChunkId.Bytes)),
            (int)plainBytes,
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[RecordFormat.KeyIdOffset..]),
            (int)recordBytes
        );
    }

    internal void Write(Span<byte> bytes, ReadOnlySpan<byte> salt)
    {
        bytes = bytes[..RecordFormat.HeaderBytes];
        bytes.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, RecordFormat.Magic);
        bytes[RecordFormat.VersionOffset] = RecordFormat.Version;
        bytes[RecordFormat.KindOffset] = (byte)Kind;
        bytes[RecordFormat.CodecOffset] = IsCompressed ? (byte)1 : (byte)0;
        Id.CopyTo(bytes[RecordFormat.IdOffset..]);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[RecordFormat.PlainBytesOffset..], PlainBytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[RecordFormat.BlockBytesOffset..], RecordFormat.BlockBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[RecordFormat.KeyIdOffset..], KeyId);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[RecordFormat.RecordBytesOffset..], RecordBytes);
        salt.CopyTo(bytes[RecordFormat.SaltOffset..]);
        BinaryPrimitives.WriteUInt64LittleEndian(
            bytes[RecordFormat.HeaderChecksumOffset..],
            XXH3.Hash64(bytes[..RecordFormat.HeaderChecksumOffset])
        );
    }

    private static void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw new BlobException(BlobError.BadRecord, $"Not a valid record: {problem}.");
        }
    }
}
