using System.Buffers.Binary;
using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <summary>The keys of the index: one byte of kind, then what it is about. Keep in sync with docs/segment-format.md, section 5.</summary>
internal static class IndexKeys
{
    public const byte Entry = 1;
    public const byte Owed = 2;
    public const byte Replay = 3;
    public const byte Statistics = 4;
    public const byte State = 5;
    public const byte Damaged = 6;
    public const byte Scrubbed = 7;

    /// <summary>Only in the scratch index of an <see cref="OfflineVolume"/>.</summary>
    public const byte Done = 8;

    public const byte Swept = 9;

    public const int IdKeyBytes = 1 + ChunkId.Bytes;
    public const int SegmentKeyBytes = 1 + sizeof(uint);
    public const int StatisticsKeyBytes = SegmentKeyBytes + 1;

    public static ReadOnlySpan<byte> Format => [State, (byte)'f'];

    public static ReadOnlySpan<byte> Sequence => [State, (byte)'s'];

    public static ReadOnlySpan<byte> CheckedAt => [State, (byte)'k'];

    public static ReadOnlySpan<byte> CleanIncarnation => [State, (byte)'c'];

    public static Span<byte> OfId(Span<byte> key, byte kind, ChunkId id)
    {
        key[0] = kind;
        id.CopyTo(key[1..]);
        return key[..IdKeyBytes];
    }

    public static Span<byte> OfSegment(Span<byte> key, byte kind, uint segment)
    {
        key[0] = kind;
        BinaryPrimitives.WriteUInt32BigEndian(key[1..], segment);
        return key[..SegmentKeyBytes];
    }

    public static Span<byte> OfStatistics(Span<byte> key, uint segment, byte keyId)
    {
        OfSegment(key, Statistics, segment);
        key[SegmentKeyBytes] = keyId;
        return key[..StatisticsKeyBytes];
    }

    public static uint ReadSegment(ReadOnlySpan<byte> key) => BinaryPrimitives.ReadUInt32BigEndian(key[1..]);

    public static (uint Segment, byte KeyId) ReadStatistics(ReadOnlySpan<byte> key) =>
        (ReadSegment(key), key[SegmentKeyBytes]);
}
