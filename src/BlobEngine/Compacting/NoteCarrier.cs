using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <summary>Carries the notes of a segment that is compacted forward, as far as they are still needed: docs/compaction.md. Thread-safe.</summary>
internal sealed class NoteCarrier(Volume volume, SegmentWriter writer, ChunkLocks locks, uint segment)
{
    // What dies in earlier segments from now on has a note of its own later in the log.
    private readonly Lazy<bool> mayHaveDeadBefore = new(() => MayHaveDeadBefore(volume, segment));
    private long stated;

    /// <summary>Notes stated again so far.</summary>
    public long Stated => Volatile.Read(ref stated);

    /// <summary>
    /// States again what a rebuild of the index would otherwise miss. A record that lies in a later segment was stated there with all that was known of it
    /// then; only for one in an earlier segment do notes of this one count, and a delete only while a dead copy may lie there.
    /// </summary>
    public async Task CarryAsync(ChunkId id, IReadOnlyList<Note> notes, CancellationToken ct)
    {
        using var held = await locks.EnterAsync(id, ct);
        if (volume.Index.Find(id) is not { } entry)
        {
            if (notes.Any(note => note.Kind == NoteKind.Delete) && mayHaveDeadBefore.Value)
            {
                await StateAsync(new Note(NoteKind.Delete, 0, 0, id), ct);
            }

            return;
        }

        if (entry.Segment >= segment)
        {
            return;
        }

        if (notes.Any(note => note.Kind is NoteKind.Owed or NoteKind.Settled))
        {
            await StateAsync(new Note(entry.Owed ? NoteKind.Owed : NoteKind.Settled, 0, 0, id), ct);
        }

        if (entry.IsDamaged && notes.Any(note => note.Kind == NoteKind.Damaged))
        {
            await StateAsync(new Note(NoteKind.Damaged, 0, 0, id), ct);
        }

        if (notes.Any(note => note.Kind == NoteKind.Touch))
        {
            await StateAsync(new Note(NoteKind.Touch, 0, entry.TouchEpoch, id), ct);
        }

        if (notes.Any(note => note.Kind == NoteKind.GcState))
        {
            await StateAsync(new Note(NoteKind.GcState, (byte)entry.GcState, entry.StateEpoch, id), ct);
        }
    }

    private async Task StateAsync(Note note, CancellationToken ct)
    {
        await writer.AppendAsync(new AppendRequest(note, isCarried: true), ct);
        Interlocked.Increment(ref stated);
    }

    /// <summary>Whether an earlier segment holds a record frame that is not live: then a delete after it has to be kept.</summary>
    private static bool MayHaveDeadBefore(Volume volume, uint segment)
    {
        foreach (var (earlier, _) in volume.Segments.List())
        {
            if (earlier >= segment)
            {
                break;
            }

            using var lease = volume.Segments.Reading(earlier);
            var footer = SegmentFooter.TryReadBlock(lease.File, earlier, volume.Buffers);
            if (footer is null || (long)footer.Value.Records > volume.Index.Totals.LiveRecordsOf(earlier))
            {
                return true;
            }
        }

        return false;
    }
}
