using System.Buffers.Binary;

namespace FileSharing.BlobEngine;

/// <summary>Which stored bytes of a record a range of its plaintext needs.</summary>
/// <param name="Offset">First byte of the plaintext wanted.</param>
/// <param name="Length">Bytes of the plaintext wanted.</param>
/// <param name="FirstBlock">First block that holds some of them.</param>
/// <param name="LastBlock">Last such block.</param>
/// <param name="StoredOffset">Where the first block begins, from the start of the record.</param>
/// <param name="StoredBytes">Bytes of all these blocks.</param>
internal readonly record struct BlockLayout(
    int Offset,
    int Length,
    int FirstBlock,
    int LastBlock,
    int StoredOffset,
    int StoredBytes
)
{
    /// <summary>Trusts no length in the trailer that leads outside the record.</summary>
    public static BlockLayout Of(RecordHeader header, ReadOnlySpan<byte> trailer, int offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, header.PlainBytes - length, nameof(offset));
        var first = offset / RecordFormat.BlockBytes;
        var last = (offset + length - 1) / RecordFormat.BlockBytes;
        long position = RecordFormat.HeaderBytes;
        long start = 0;
        for (var block = 0; block <= last; block++)
        {
            start = block == first ? position : start;
            position += BinaryPrimitives.ReadUInt32LittleEndian(trailer[(block * RecordFormat.TrailerEntryBytes)..]);
        }

        if (position > header.RecordBytes - header.TrailerBytes)
        {
            throw new BlobException(BlobError.Damaged, "A record's trailer leads outside the record.");
        }

        return new BlockLayout(offset, length, first, last, (int)start, (int)(position - start));
    }
}
