using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <summary>
/// Enters facts of the log into the index that a crash took from it. The fact with the higher origin wins, and a record is live exactly
/// when no delete has a higher one, in whatever order compaction has left the frames.
/// </summary>
/// <param name="index">When it is new, nothing but this replay may enter records until it is done.</param>
/// <param name="segments">Where the frames are.</param>
internal sealed class Replay(ChunkIndex index, SegmentSet segments) : IDisposable
{
    /// <summary>Bounds the memory of one update.</summary>
    private const int ChangesPerCommit = 8192;

    private readonly IndexUpdate update = index.BeginUpdate();
    private readonly Dictionary<ChunkId, ulong> deletes = [];

    /// <summary>What a new index can hold; null for one that held something before.</summary>
    private readonly SeenIds? seen = index.IsNew ? new SeenIds() : null;

    public IndexUpdate Update => update;

    public long Records { get; private set; }

    /// <summary>Enters these facts of one segment; its replay position is the caller's to set, after the last of them.</summary>
    public void Enter(uint segment, IReadOnlyList<DirectoryEntry> records, IReadOnlyList<StatedNote> notes)
    {
        // Both lists in order of the log. Records and notes about one id never share a batch, so the origin orders them.
        var note = 0;
        foreach (var record in records)
        {
            for (; note < notes.Count && notes[note].Origin < record.Origin; note++)
            {
                Enter(notes[note]);
            }

            Enter(segment, record);
        }

        for (; note < notes.Count; note++)
        {
            Enter(notes[note]);
        }
    }

    /// <summary>
    /// Enters a record of which only the head can be read, unless something else is known of its id: that it is damaged is for reads and scrubs to say, which look twice. After
    /// everything else of its segment.
    /// </summary>
    /// <param name="segment">Where it lies.</param>
    /// <param name="record">Its frame.</param>
    /// <param name="mayBeNew">False when the index has seen this place: then it knows the record, unless that is gone.</param>
    /// <returns>Whether the index points to it.</returns>
    public bool EnterUnreadable(uint segment, DirectoryEntry record, bool mayBeNew)
    {
        var known = update.Find(record.Id);
        if (known is null && mayBeNew && deletes.GetValueOrDefault(record.Id) < record.Origin)
        {
            Enter(segment, record);
            known = update.Find(record.Id);
        }

        return known is { } entry && entry.Segment == segment && entry.FrameOffset == record.FrameOffset;
    }

    public void Commit() => update.Commit();

    private void Enter(uint segment, DirectoryEntry record)
    {
        if (deletes.TryGetValue(record.Id, out var deleted) && deleted > record.Origin)
        {
            return;
        }

        var isUnseen = seen is not null && !seen.Add(record.Id);
        var older = isUnseen ? null : update.Find(record.Id);
        if (OriginOf(older) > record.Origin)
        {
            return;
        }

        update.Apply(segment, record, older);
        Records++;
        CommitWhenLarge();
    }

    private void Enter(StatedNote stated)
    {
        var id = stated.Note.Id;
        if (stated.Note.Kind == NoteKind.Delete)
        {
            deletes[id] = Math.Max(deletes.GetValueOrDefault(id), stated.Origin);
        }

        if (stated.Note.Kind == NoteKind.Touch || OriginOf(update.Find(id)) <= stated.Origin)
        {
            update.Apply(stated.Note);
            CommitWhenLarge();
        }
    }

    /// <summary>The origin of the copy that the index points to, read from its frame; 0 when there is none or it cannot be read.</summary>
    private ulong OriginOf(IndexEntry? known)
    {
        if (known is not { } entry)
        {
            return 0;
        }

        try
        {
            Span<byte> frame = stackalloc byte[SegmentFormat.FrameHeaderBytes];
            using var lease = segments.Reading(entry.Segment);
            return lease.File.Read(frame, entry.FrameOffset) == frame.Length ? Frame.ReadOrigin(frame) : 0;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private void CommitWhenLarge()
    {
        if (update.Changes >= ChangesPerCommit)
        {
            update.Commit();
        }
    }

    public void Dispose() => update.Dispose();
}
