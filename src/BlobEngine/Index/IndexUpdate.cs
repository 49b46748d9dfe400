using System.Buffers.Binary;
using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <summary>
/// The changes of one batch of the log, applied as one. What each frame means for the index is said here and nowhere else: the writer and the
/// recovery both come this way.
/// </summary>
internal sealed class IndexUpdate(ChunkIndex index, IIndexStore store) : IDisposable
{
    private readonly IIndexBatch batch = store.NewBatch();
    private readonly Dictionary<ChunkId, IndexEntry?> pending = [];
    private readonly HashSet<uint> changedSegments = [];

    public int Changes => pending.Count;

    /// <summary>The entry as it will be after this update.</summary>
    public IndexEntry? Find(ChunkId id) => pending.TryGetValue(id, out var entry) ? entry : index.Find(id);

    /// <summary>A record frame: it replaces an older copy, and keeps a higher stamp of it.</summary>
    public void Apply(uint segment, DirectoryEntry record) => Apply(segment, record, Find(record.Id));

    /// <inheritdoc cref="Apply(uint, DirectoryEntry)"/>
    /// <param name="segment">Where it lies.</param>
    /// <param name="record">Of the frame.</param>
    /// <param name="older">What <see cref="Find"/> says of this id, or would say.</param>
    public void Apply(uint segment, DirectoryEntry record, IndexEntry? older)
    {
        var entry = new IndexEntry(
            segment,
            record.FrameOffset,
            record.RecordBytes,
            record.Kind,
            record.Flags.HasFlag(FrameFlags.Owed),
            RecordFlags.GcStateOf(record.Flags),
            Math.Max(record.TouchEpoch, older?.TouchEpoch ?? 0),
            record.KeyId,
            StateEpoch: record.StateEpoch
        );
        Set(record.Id, older, entry);
    }

    /// <summary>A note frame; one about a record that is not there changes nothing.</summary>
    public void Apply(Note note)
    {
        if (Find(note.Id) is not { } entry)
        {
            return;
        }

        IndexEntry? changed = note.Kind switch
        {
            NoteKind.Delete => null,
            NoteKind.Settled => entry with { Owed = false },
            NoteKind.Owed => entry with { Owed = true },
            NoteKind.Touch => entry with { TouchEpoch = Math.Max(entry.TouchEpoch, note.Epoch) },
            NoteKind.GcState => entry with { GcState = (GcState)note.Value, StateEpoch = note.Epoch },
            NoteKind.Damaged => entry with { IsDamaged = true },
            _ => entry,
        };
        Set(note.Id, entry, changed);
    }

    public void SetReplayPosition(uint segment, long position)
    {
        Span<byte> key = stackalloc byte[IndexKeys.SegmentKeyBytes];
        PutNumber(IndexKeys.OfSegment(key, IndexKeys.Replay, segment), (ulong)position);
    }

    /// <summary>For the scratch index of an <see cref="OfflineVolume"/>.</summary>
    public void Mark(ChunkId id)
    {
        Span<byte> key = stackalloc byte[IndexKeys.IdKeyBytes];
        batch.Put(IndexKeys.OfId(key, IndexKeys.Done, id), []);
    }

    public void SetScrubbed(uint segment, ScrubState state)
    {
        Span<byte> key = stackalloc byte[IndexKeys.SegmentKeyBytes];
        Span<byte> value = stackalloc byte[ChunkIndex.ScrubStateBytes];
        BinaryPrimitives.WriteInt64LittleEndian(value, state.Position);
        BinaryPrimitives.WriteInt64LittleEndian(value[8..], state.LastAt);
        BinaryPrimitives.WriteInt64LittleEndian(value[16..], state.OldestAt);
        BinaryPrimitives.WriteInt32LittleEndian(value[24..], state.DamagedPlaces);
        batch.Put(IndexKeys.OfSegment(key, IndexKeys.Scrubbed, segment), value);
    }

    /// <param name="at">When the index was compared with the segments, seconds since 1970.</param>
    public void SetChecked(long at) => PutNumber(IndexKeys.CheckedAt, (ulong)at);

    public void SetSequence(ulong sequence) => PutNumber(IndexKeys.Sequence, sequence);

    public void SetFormat() => PutNumber(IndexKeys.Format, ChunkIndex.Format);

    public void SetCleanIncarnation(ulong incarnation) => PutNumber(IndexKeys.CleanIncarnation, incarnation);

    /// <summary>Nothing of this segment is kept: its file is gone, and its number will not come back.</summary>
    public void Forget(uint segment)
    {
        Span<byte> key = stackalloc byte[IndexKeys.StatisticsKeyBytes];
        batch.Delete(IndexKeys.OfSegment(key, IndexKeys.Replay, segment));
        batch.Delete(IndexKeys.OfSegment(key, IndexKeys.Scrubbed, segment));
        foreach (var count in index.Totals.Of(segment))
        {
            batch.Delete(IndexKeys.OfStatistics(key, segment, count.KeyId));
        }
    }

    /// <summary>Applies everything since the last commit; visible when it returns.</summary>
    public void Commit()
    {
        Span<byte> key = stackalloc byte[IndexKeys.StatisticsKeyBytes];
        Span<byte> value = stackalloc byte[SegmentTotals.ValueBytes];
        foreach (var segment in changedSegments)
        {
            foreach (var count in index.Totals.Of(segment))
            {
                count.Write(value);
                batch.Put(IndexKeys.OfStatistics(key, segment, count.KeyId), value);
            }
        }

        store.Write(batch);
        batch.Clear();
        pending.Clear();
        changedSegments.Clear();
    }

    private void Set(ChunkId id, IndexEntry? older, IndexEntry? newer)
    {
        Span<byte> key = stackalloc byte[IndexKeys.IdKeyBytes];
        if (newer is { } entry)
        {
            Span<byte> value = stackalloc byte[IndexEntry.Bytes];
            entry.Write(value);
            batch.Put(IndexKeys.OfId(key, IndexKeys.Entry, id), value);
        }
        else
        {
            batch.Delete(IndexKeys.OfId(key, IndexKeys.Entry, id));
        }

        var owed = Mark(IndexKeys.Owed, id, older?.Owed ?? false, newer?.Owed ?? false);
        index.Totals.AddOwed(owed);
        var damaged = Mark(IndexKeys.Damaged, id, older?.IsDamaged ?? false, newer?.IsDamaged ?? false);
        index.Totals.AddDamaged(damaged);
        MarkSwept(id, older, newer);
        Count(older, -1);
        Count(newer, 1);
        pending[id] = newer;
    }

    /// <summary>Keeps the key by which records that are not live are listed, with what the entry itself has no room for.</summary>
    private void MarkSwept(ChunkId id, IndexEntry? older, IndexEntry? newer)
    {
        var was = SweptMark.Of(older);
        var mark = SweptMark.Of(newer);
        if (was == mark)
        {
            return;
        }

        Span<byte> key = stackalloc byte[IndexKeys.IdKeyBytes];
        IndexKeys.OfId(key, IndexKeys.Swept, id);
        if (mark is { } set)
        {
            Span<byte> value = stackalloc byte[SweptMark.Bytes];
            set.Write(value);
            batch.Put(key, value);
        }
        else
        {
            batch.Delete(key);
        }

        index.Totals.AddSwept(was, -1);
        index.Totals.AddSwept(mark, 1);
    }

    /// <summary>Sets or lifts the key by which marked records are listed.</summary>
    /// <returns>By how many more are marked.</returns>
    private int Mark(byte kind, ChunkId id, bool was, bool isMarked)
    {
        if (was == isMarked)
        {
            return 0;
        }

        Span<byte> key = stackalloc byte[IndexKeys.IdKeyBytes];
        IndexKeys.OfId(key, kind, id);
        if (isMarked)
        {
            batch.Put(key, []);
            return 1;
        }

        batch.Delete(key);
        return -1;
    }

    private void Count(IndexEntry? entry, int sign)
    {
        if (entry is { } counted)
        {
            index.Totals.Add(counted.Segment, counted.KeyId, sign, (long)sign * counted.RecordBytes);
            changedSegments.Add(counted.Segment);
        }
    }

    private void PutNumber(ReadOnlySpan<byte> key, ulong number)
    {
        Span<byte> value = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(value, number);
        batch.Put(key, value);
    }

    public void Dispose() => batch.Dispose();
}
