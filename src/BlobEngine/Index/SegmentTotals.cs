using System.Buffers.Binary;
using System.Collections.Concurrent;
using FileSharing.Native.RocksDb;

namespace FileSharing.BlobEngine;

/// <summary>Live records and bytes of each segment and of the whole volume, and how many are owed. Changed by one thread, read by all.</summary>
internal sealed class SegmentTotals
{
    public const int ValueBytes = 16;

    private readonly ConcurrentDictionary<uint, (long Records, long Bytes)> segments = new();
    private long records;
    private long bytes;
    private long owed;

    public long Records => Volatile.Read(ref records);

    public long LiveRecordBytes => Volatile.Read(ref bytes);

    public long Owed => Volatile.Read(ref owed);

    public long LiveRecordsOf(uint segment) => segments.GetValueOrDefault(segment).Records;

    public long LiveBytesOf(uint segment) => segments.GetValueOrDefault(segment).Bytes;

    public static SegmentTotals Load(RocksDb db)
    {
        var totals = new SegmentTotals();
        using var iterator = db.Iterate();
        for (iterator.Seek([IndexKeys.Statistics]); Is(iterator, IndexKeys.Statistics); iterator.Next())
        {
            var segment = BinaryPrimitives.ReadUInt32BigEndian(iterator.Key[1..]);
            totals.Add(
                segment,
                BinaryPrimitives.ReadInt64LittleEndian(iterator.Value),
                BinaryPrimitives.ReadInt64LittleEndian(iterator.Value[8..])
            );
        }

        for (iterator.Seek([IndexKeys.Owed]); Is(iterator, IndexKeys.Owed); iterator.Next())
        {
            totals.owed++;
        }

        return totals;
    }

    public void Add(uint segment, long addedRecords, long addedBytes)
    {
        var (liveRecords, liveBytes) = segments.GetValueOrDefault(segment);
        segments[segment] = (liveRecords + addedRecords, liveBytes + addedBytes);
        Interlocked.Add(ref records, addedRecords);
        Interlocked.Add(ref bytes, addedBytes);
    }

    public void AddOwed(int added) => Interlocked.Add(ref owed, added);

    public void Write(uint segment, Span<byte> value)
    {
        var (liveRecords, liveBytes) = segments.GetValueOrDefault(segment);
        BinaryPrimitives.WriteInt64LittleEndian(value, liveRecords);
        BinaryPrimitives.WriteInt64LittleEndian(value[8..], liveBytes);
    }

    private static bool Is(RocksDbIterator iterator, byte kind) => iterator.IsValid && iterator.Key[0] == kind;
}
