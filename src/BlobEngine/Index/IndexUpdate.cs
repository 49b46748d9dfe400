using System.Buffers.Binary;
using FileSharing.Chunks;
using FileSharing.Native.RocksDb;

namespace FileSharing.BlobEngine;

/// <summary>
/// The changes of one batch of the log, applied as one. What each frame means for the index is said here and nowhere else: the writer and the
/// recovery both come this way.
/// </summary>
internal sealed class IndexUpdate(ChunkIndex index, RocksDb db) : IDisposable
{
    private readonly WriteBatch batch = new();
    private readonly Dictionary<ChunkId, IndexEntry?> pending = [];
    private readonly HashSet<uint> changedSegments = [];

    public int Changes => pending.Count;

    /// <summary>The entry as it will be after this update.</summary>
    public IndexEntry? Find(ChunkId id) => pending.TryGetValue(id, out var entry) ? entry : index.Find(id);

    /// <summary>A record frame: it replaces an older copy, and keeps a higher stamp of it.</summary>
    public void Apply(uint segment, DirectoryEntry record)
    {
        var older = Find(record.Id);
        var entry = new IndexEntry(
            segment,
            record.FrameOffset,
            record.RecordBytes,
            record.Kind,
            record.Flags.HasFlag(FrameFlags.Owed),
            RecordFlags.GcStateOf(record.Flags),
            Math.Max(record.TouchEpoch, older?.TouchEpoch ?? 0)
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
            NoteKind.GcState => entry with { GcState = note.Value },
            _ => entry,
        };
        Set(note.Id, entry, changed);
    }

    public void SetReplayPosition(uint segment, long position)
    {
        Span<byte> key = stackalloc byte[IndexKeys.SegmentKeyBytes];
        PutNumber(IndexKeys.OfSegment(key, IndexKeys.Replay, segment), (ulong)position);
    }

    public void SetSequence(ulong sequence) => PutNumber(IndexKeys.Sequence, sequence);

    public void SetFormat() => PutNumber(IndexKeys.Format, ChunkIndex.Format);

    public void SetCleanIncarnation(ulong incarnation) => PutNumber(IndexKeys.CleanIncarnation, incarnation);

    /// <summary>Nothing of this segment is kept: its file is gone, and its number will not come back.</summary>
    public void Forget(uint segment)
    {
        Span<byte> key = stackalloc byte[IndexKeys.SegmentKeyBytes];
        batch.Delete(IndexKeys.OfSegment(key, IndexKeys.Replay, segment));
        batch.Delete(IndexKeys.OfSegment(key, IndexKeys.Statistics, segment));
    }

    /// <summary>Applies everything since the last commit; visible when it returns.</summary>
    public void Commit()
    {
        Span<byte> key = stackalloc byte[IndexKeys.SegmentKeyBytes];
        Span<byte> value = stackalloc byte[SegmentTotals.ValueBytes];
        foreach (var segment in changedSegments)
        {
            index.Totals.Write(segment, value);
            batch.Put(IndexKeys.OfSegment(key, IndexKeys.Statistics, segment), value);
        }

        db.Write(batch);
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

        SetOwed(id, older?.Owed ?? false, newer?.Owed ?? false);
        Count(older, -1);
        Count(newer, 1);
        pending[id] = newer;
    }

    private void SetOwed(ChunkId id, bool was, bool isOwed)
    {
        if (was == isOwed)
        {
            return;
        }

        Span<byte> key = stackalloc byte[IndexKeys.IdKeyBytes];
        IndexKeys.OfId(key, IndexKeys.Owed, id);
        if (isOwed)
        {
            batch.Put(key, []);
        }
        else
        {
            batch.Delete(key);
        }

        index.Totals.AddOwed(isOwed ? 1 : -1);
    }

    private void Count(IndexEntry? entry, int sign)
    {
        if (entry is { } counted)
        {
            index.Totals.Add(counted.Segment, sign, (long)sign * counted.RecordBytes);
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
