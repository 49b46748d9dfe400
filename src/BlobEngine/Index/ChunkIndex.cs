using System.Buffers.Binary;
using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <summary>
/// Where every live record lies. Derived from the segments: nothing here is synced but by <see cref="Flush"/>, and a crash loses a tail of
/// whole updates, which the replay positions inside the same updates bring back. Reads are thread-safe, updates come from one thread.
/// </summary>
internal sealed class ChunkIndex : IDisposable
{
    public const uint Format = 2;
    public const int ScrubStateBytes = 28;

    private readonly PatientIndexStore patient;
    private readonly WatchedIndexStore store;

    private ChunkIndex(IIndexStore store, SpareFile spare, Action onDamage, bool isNew)
    {
        patient = new PatientIndexStore(store, spare);
        this.store = new WatchedIndexStore(patient, onDamage);
        IsNew = isNew;
        Totals = SegmentTotals.Load(store);
    }

    /// <summary>Whether it was made by this opening, and so knows no segment yet.</summary>
    public bool IsNew { get; }

    public SegmentTotals Totals { get; }

    public long TableBytes => store.TableBytes;

    /// <summary>Opens the index, or makes a new one when it is absent, damaged, or of another format.</summary>
    /// <param name="engine">Opens the store.</param>
    /// <param name="path">Its directory.</param>
    /// <param name="spare">Given up when the disk has no room for a change.</param>
    /// <param name="onDamage">Called when a later call finds that the store is damaged, on that call's thread.</param>
    /// <exception cref="IndexException">The system refuses the files: the index stays as it is.</exception>
    public static ChunkIndex Open(IIndexEngine engine, string path, SpareFile spare, Action onDamage)
    {
        if (engine.Exists(path))
        {
            if (TryOpen(engine, path, spare, onDamage) is { } opened)
            {
                return opened;
            }

            // It holds nothing that the segments do not.
            engine.Remove(path);
        }

        return new ChunkIndex(engine.Open(path), spare, onDamage, isNew: true);
    }

    private static ChunkIndex? TryOpen(IIndexEngine engine, string path, SpareFile spare, Action onDamage)
    {
        IIndexStore? tried = null;
        try
        {
            tried = engine.Open(path);
            if (ReadNumber(tried, IndexKeys.Format) == Format)
            {
                return new ChunkIndex(tried, spare, onDamage, isNew: false);
            }
        }
        catch (IndexException error) when (error.IsDamage)
        {
            // As one of another format: built again.
        }
        catch
        {
            tried?.Dispose();
            throw;
        }

        tried?.Dispose();
        return null;
    }

    public IndexEntry? Find(ChunkId id)
    {
        Span<byte> key = stackalloc byte[IndexKeys.IdKeyBytes];
        Span<byte> value = stackalloc byte[IndexEntry.Bytes];
        return store.Get(IndexKeys.OfId(key, IndexKeys.Entry, id), value) < 0
            ? null
            : Completed(id, IndexEntry.Read(value));
    }

    /// <summary>With the epoch of its state. When that is gone since the entry was read, the record has changed: it counts as swept just now.</summary>
    private IndexEntry Completed(ChunkId id, IndexEntry entry)
    {
        if (entry.GcState == GcState.Live)
        {
            return entry;
        }

        Span<byte> key = stackalloc byte[IndexKeys.IdKeyBytes];
        Span<byte> value = stackalloc byte[SweptMark.Bytes];
        var isMarked = store.Get(IndexKeys.OfId(key, IndexKeys.Swept, id), value) >= 0;
        return entry with { StateEpoch = isMarked ? SweptMark.Read(value).Epoch : uint.MaxValue };
    }

    /// <summary>Ids of records that are not live in garbage collection, in order, with their state.</summary>
    public List<(ChunkId Id, SweptMark Mark)> ListSwept(ChunkId? after, int max)
    {
        var found = new List<(ChunkId, SweptMark)>();
        Walk(IndexKeys.Swept, after, max, (id, value) => Add(found, (id, SweptMark.Read(value))));
        return found;
    }

    /// <summary>Entries in order of id, those after <paramref name="after"/>, none after <paramref name="last"/>.</summary>
    public List<RecordInfo> List(ChunkId? after, int max, ChunkId? last = null)
    {
        var found = new List<RecordInfo>();
        Walk(
            IndexKeys.Entry,
            after,
            max,
            (id, value) => !(id > last) && Add(found, Completed(id, IndexEntry.Read(value)).ToInfo(id))
        );
        return found;
    }

    public List<ChunkId> ListOwed(ChunkId? after, int max)
    {
        var found = new List<ChunkId>();
        Walk(IndexKeys.Owed, after, max, (id, _) => Add(found, id));
        return found;
    }

    /// <summary>Ids whose stored record is known to be damaged, in order.</summary>
    public List<ChunkId> ListDamaged(ChunkId? after, int max)
    {
        var found = new List<ChunkId>();
        Walk(IndexKeys.Damaged, after, max, (id, _) => Add(found, id));
        return found;
    }

    /// <summary>Visits the entries after this id in order, until the visitor says no. A view of this moment: do not take long.</summary>
    public void Walk(ChunkId? after, Func<ChunkId, IndexEntry, bool> visit) =>
        Walk(IndexKeys.Entry, after, int.MaxValue, (id, value) => visit(id, Completed(id, IndexEntry.Read(value))));

    /// <summary>For the scratch index of an <see cref="OfflineVolume"/>.</summary>
    public bool IsMarked(ChunkId id)
    {
        Span<byte> key = stackalloc byte[IndexKeys.IdKeyBytes];
        return store.Get(IndexKeys.OfId(key, IndexKeys.Done, id), []) >= 0;
    }

    /// <summary>How far this segment has been scrubbed.</summary>
    public ScrubState ScrubStateOf(uint segment)
    {
        Span<byte> key = stackalloc byte[IndexKeys.SegmentKeyBytes];
        Span<byte> value = stackalloc byte[ScrubStateBytes];
        // Until the places were counted too, the value was shorter.
        value.Clear();
        return store.Get(IndexKeys.OfSegment(key, IndexKeys.Scrubbed, segment), value) < 0
            ? default
            : new ScrubState(
                BinaryPrimitives.ReadInt64LittleEndian(value),
                BinaryPrimitives.ReadInt64LittleEndian(value[8..]),
                BinaryPrimitives.ReadInt64LittleEndian(value[16..]),
                BinaryPrimitives.ReadInt32LittleEndian(value[24..])
            );
    }

    /// <summary>When the index was last compared with the segments, seconds since 1970; 0 for never.</summary>
    public long CheckedAt => (long)ReadNumber(store, IndexKeys.CheckedAt);

    /// <summary>Everything of this segment below the result is in the index.</summary>
    public long ReplayPosition(uint segment)
    {
        Span<byte> key = stackalloc byte[IndexKeys.SegmentKeyBytes];
        return (long)ReadNumber(store, IndexKeys.OfSegment(key, IndexKeys.Replay, segment));
    }

    /// <summary>Segments that have a replay position, whether or not their file is still there.</summary>
    public IReadOnlyList<uint> Segments()
    {
        var numbers = new List<uint>();
        store.Walk(
            [IndexKeys.Replay],
            (key, _) =>
            {
                var isReplay = key[0] == IndexKeys.Replay;
                if (isReplay)
                {
                    numbers.Add(IndexKeys.ReadSegment(key));
                }

                return isReplay;
            }
        );
        return numbers;
    }

    /// <summary>The last batch sequence that the index has seen.</summary>
    public ulong Sequence => ReadNumber(store, IndexKeys.Sequence);

    /// <summary>The incarnation of the volume that was closed cleanly, all of it being in the index; 0 when none was.</summary>
    public ulong CleanIncarnation => ReadNumber(store, IndexKeys.CleanIncarnation);

    public IndexUpdate BeginUpdate() => new(this, store);

    public void Flush() => store.Flush();

    /// <summary>Whether an update waits, because the disk is full. No other should be begun.</summary>
    public bool IsWaitingForRoom => patient.IsWaiting;

    /// <summary>From now on an update waits for room on a full disk; until now it failed.</summary>
    public void WaitForRoom() => patient.BePatient();

    /// <summary>From now on an update fails on a full disk, and so does one that waits.</summary>
    public void WaitNoLonger() => patient.BeImpatient();

    /// <summary>As <see cref="Flush"/>, on a disk that may be full.</summary>
    /// <returns>False when there was no room: everything is as before, and would be replayed after a crash.</returns>
    public bool TryFlush()
    {
        try
        {
            Flush();
            return true;
        }
        catch (IOException error) when (DiskErrors.IsNoSpace(error))
        {
            return false;
        }
    }

    /// <returns>False to end the walk.</returns>
    private delegate bool Visit(ChunkId id, ReadOnlySpan<byte> value);

    private static bool Add<T>(List<T> found, T item)
    {
        found.Add(item);
        return true;
    }

    private void Walk(byte kind, ChunkId? after, int max, Visit visit)
    {
        Span<byte> key = stackalloc byte[IndexKeys.IdKeyBytes + 1];
        key.Clear();
        // The key with one more zero byte is the least that is greater than it.
        var start = after is { } id ? key[..(IndexKeys.OfId(key, kind, id).Length + 1)] : key[..1];
        start[0] = kind;
        if (max <= 0)
        {
            return;
        }

        var left = max;
        store.Walk(
            start,
            (found, value) =>
            {
                if (found[0] != kind)
                {
                    return false;
                }

                return visit(new ChunkId(found[1..]), value) && --left > 0;
            }
        );
    }

    private static ulong ReadNumber(IIndexStore store, ReadOnlySpan<byte> key)
    {
        Span<byte> value = stackalloc byte[sizeof(ulong)];
        value.Clear();
        return store.Get(key, value) < 0 ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(value);
    }

    public void Dispose() => store.Dispose();
}
