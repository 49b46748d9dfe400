using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <summary>The constants of docs/segment-format.md, section 1: keep in sync.</summary>
internal static class RecordFormat
{
    public const uint Magic = 0x3152_5346; // "FSR1"
    public const byte Version = 1;
    public const int HeaderBytes = 96;
    public const int BlockBytes = 128 << 10;
    public const int PlainBytesMax = ChunkingPolicy.ChunkBytesMax;
    public const int SaltBytes = 32;
    public const int TagBytes = 16;
    public const int NonceBytes = 12;
    public const int KeyBytes = 32;
    public const int ChecksumBytes = 8;
    public const int TrailerEntryBytes = 12;

    public const int VersionOffset = 4;
    public const int KindOffset = 5;
    public const int CodecOffset = 6;
    public const int IdOffset = 8;
    public const int PlainBytesOffset = 40;
    public const int BlockBytesOffset = 44;
    public const int KeyIdOffset = 48;
    public const int RecordBytesOffset = 52;
    public const int SaltOffset = 56;
    public const int HeaderChecksumOffset = 88;

    /// <summary>Info of the HKDF, before the id.</summary>
    public static ReadOnlySpan<byte> KeyInfo => "fileshare-record-1\0"u8;

    public static int BlockCount(int plainBytes) => (plainBytes + BlockBytes - 1) / BlockBytes;

    public static int TrailerBytes(int plainBytes) => (BlockCount(plainBytes) * TrailerEntryBytes) + ChecksumBytes;

    public static int PlainBlockBytes(int plainBytes, int block) =>
        Math.Min(BlockBytes, plainBytes - (block * BlockBytes));

    /// <summary>Every block takes a byte at least, and the trailer an entry for each.</summary>
    public static int RecordBytesMinOf(int plainBytes) =>
        HeaderBytes + BlockCount(plainBytes) + TrailerBytes(plainBytes);

    public static int RecordBytesMax(int plainBytes) =>
        HeaderBytes + plainBytes + (BlockCount(plainBytes) * TagBytes) + TrailerBytes(plainBytes);
}
