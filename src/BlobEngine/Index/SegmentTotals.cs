using System.Buffers.Binary;
using System.Collections.Concurrent;

namespace FileSharing.BlobEngine;

/// <summary>
/// Live records and bytes of each segment and of the whole volume, by the data key that seals them; how many are owed, and how many damaged.
/// Changed by one thread, read by all.
/// </summary>
internal sealed class SegmentTotals
{
    public const int ValueBytes = 16;

    /// <summary>A cell a key; an array is replaced when a key is added, so readers need no lock.</summary>
    private readonly ConcurrentDictionary<uint, KeyCount[]> segments = new();
    private long records;
    private long bytes;
    private long owed;
    private long damaged;
    private long condemned;
    private long condemnedBytes;
    private long trashed;
    private long trashedBytes;

    public long Records => Volatile.Read(ref records);

    public long LiveRecordBytes => Volatile.Read(ref bytes);

    public long Owed => Volatile.Read(ref owed);

    public long Damaged => Volatile.Read(ref damaged);

    public long LiveRecordsOf(uint segment) => Of(segment).Sum(count => count.Records);

    public long LiveBytesOf(uint segment) => Of(segment).Sum(count => count.Bytes);

    /// <summary>Live records by data key; 0 is "not sealed".</summary>
    public IReadOnlyDictionary<uint, long> RecordsByKey() =>
        segments
            .Values.SelectMany(counts => counts)
            .GroupBy(count => (uint)count.KeyId, count => count.Records)
            .Select(key => (Key: key.Key, Records: key.Sum()))
            .Where(key => key.Records != 0)
            .ToDictionary(key => key.Key, key => key.Records);

    public static SegmentTotals Load(IIndexStore store)
    {
        var totals = new SegmentTotals();
        store.Walk(
            [IndexKeys.Statistics],
            (key, value) =>
            {
                if (key[0] != IndexKeys.Statistics)
                {
                    return false;
                }

                var (segment, keyId) = IndexKeys.ReadStatistics(key);
                totals.Add(
                    segment,
                    keyId,
                    BinaryPrimitives.ReadInt64LittleEndian(value),
                    BinaryPrimitives.ReadInt64LittleEndian(value[8..])
                );
                return true;
            }
        );
        totals.owed = CountKeys(store, IndexKeys.Owed);
        totals.damaged = CountKeys(store, IndexKeys.Damaged);
        totals.LoadSwept(store);
        return totals;
    }

    public void Add(uint segment, byte keyId, long addedRecords, long addedBytes)
    {
        CellOf(segment, keyId).Add(addedRecords, addedBytes);
        Interlocked.Add(ref records, addedRecords);
        Interlocked.Add(ref bytes, addedBytes);
    }

    public void AddOwed(int added) => Interlocked.Add(ref owed, added);

    public void AddDamaged(int added) => Interlocked.Add(ref damaged, added);

    /// <param name="mark">Null changes nothing.</param>
    /// <param name="sign">1 or -1.</param>
    public void AddSwept(SweptMark? mark, int sign)
    {
        if (mark is not { } swept)
        {
            return;
        }

        var isTrashed = swept.State == GcState.Trashed;
        Interlocked.Add(ref isTrashed ? ref trashed : ref condemned, sign);
        Interlocked.Add(ref isTrashed ? ref trashedBytes : ref condemnedBytes, (long)sign * swept.RecordBytes);
    }

    /// <summary>Records in this state of garbage collection: condemned or trashed.</summary>
    public RecordSum SumOf(GcState state) =>
        state == GcState.Trashed
            ? new RecordSum(Volatile.Read(ref trashed), Volatile.Read(ref trashedBytes))
            : new RecordSum(Volatile.Read(ref condemned), Volatile.Read(ref condemnedBytes));

    private void LoadSwept(IIndexStore store) =>
        store.Walk(
            [IndexKeys.Swept],
            (key, value) =>
            {
                if (key[0] != IndexKeys.Swept)
                {
                    return false;
                }

                AddSwept(SweptMark.Read(value), 1);
                return true;
            }
        );

    /// <summary>The counts of a segment, one a data key: stored under a key of the index each.</summary>
    public IReadOnlyList<KeyCount> Of(uint segment) => segments.GetValueOrDefault(segment) ?? [];

    private KeyCount CellOf(uint segment, byte keyId)
    {
        var cells = segments.GetValueOrDefault(segment) ?? [];
        if (Array.Find(cells, cell => cell.KeyId == keyId) is { } known)
        {
            return known;
        }

        var added = new KeyCount(keyId);
        segments[segment] = [.. cells, added];
        return added;
    }

    private static long CountKeys(IIndexStore store, byte kind)
    {
        var count = 0L;
        store.Walk(
            [kind],
            (key, _) =>
            {
                var isOfKind = key[0] == kind;
                count += isOfKind ? 1 : 0;
                return isOfKind;
            }
        );
        return count;
    }
}

/// <summary>Live records of one segment that are sealed with one data key, and their bytes. Written by one thread.</summary>
internal sealed class KeyCount(byte keyId)
{
    private long records;
    private long bytes;

    public byte KeyId { get; } = keyId;

    public long Records => Volatile.Read(ref records);

    public long Bytes => Volatile.Read(ref bytes);

    public void Add(long addedRecords, long addedBytes)
    {
        Volatile.Write(ref records, records + addedRecords);
        Volatile.Write(ref bytes, bytes + addedBytes);
    }

    public void Write(Span<byte> value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(value, Records);
        BinaryPrimitives.WriteInt64LittleEndian(value[8..], Bytes);
    }
}
