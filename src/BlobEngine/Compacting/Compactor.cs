using System.Collections.Concurrent;
using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <summary>
/// Gives the space of dead records back: docs/compaction.md. It must never lose or bring back a record, whatever happens at whatever step: so a segment goes
/// only after everything live in it has been written again, synced, read back, and flushed into the index, and after the last reader of it has left.
/// One run at a time.
/// </summary>
internal sealed class Compactor(
    Volume volume,
    SegmentWriter writer,
    RecordReader reader,
    ChunkLocks locks,
    ReaderGate gate,
    TimeProvider time
)
{
    /// <summary>Moves under way at once: they share syncs. Each holds one record in memory.</summary>
    private const int MovesAtOnceMax = 8;

    /// <summary>Notes under way at once: as many as fill a block, since a batch is padded to one.</summary>
    private const int NotesAtOnceMax = 64;

    /// <summary>RocksDB looks for room again every 5 s by itself, and refuses until then.</summary>
    private static readonly TimeSpan FlushPatience = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan FlushRetryInterval = TimeSpan.FromMilliseconds(200);

    private int segmentsRemoved;
    private long segmentBytesRemoved;
    private long recordsMoved;
    private long recordBytesMoved;
    private long notesCarried;
    private int segmentsKept;

    public async Task<CompactionReport> RunAsync(CompactionOptions options, CancellationToken ct)
    {
        foreach (var segment in Choose(options))
        {
            ct.ThrowIfCancellationRequested();
            await CompactAsync(segment, options, ct);
        }

        return new CompactionReport(
            segmentsRemoved,
            segmentBytesRemoved,
            recordsMoved,
            recordBytesMoved,
            notesCarried,
            segmentsKept
        );
    }

    /// <summary>Never the newest segment: its number must not come back, and it may be the open one.</summary>
    private List<uint> Choose(CompactionOptions options)
    {
        var all = volume.Segments.List();
        return
        [
            .. all.Where(segment => segment.Number < all[^1].Number)
                .Select(segment => (segment.Number, Dead: DeadFractionOf(segment.Number, notes: 0)))
                .Where(segment => segment.Dead >= options.DeadFractionMin)
                .OrderByDescending(segment => segment.Dead)
                .Take(options.SegmentsMax)
                .Select(segment => segment.Number),
        ];
    }

    private async Task CompactAsync(uint segment, CompactionOptions options, CancellationToken ct)
    {
        // 1. What is in it. Without a footer it is not sealed, or damaged: the next opening sees to that. Notes count as live: a segment of
        // notes that must stay would otherwise be written again for ever.
        if (
            ReadContents(segment) is not { } contents
            || DeadFractionOf(segment, contents.Notes.Count) < options.DeadFractionMin
        )
        {
            return;
        }

        // 2. Its live records, written again behind everything else; a swap of the location goes with each.
        var moved = new ConcurrentDictionary<ChunkId, bool>();
        await Parallel.ForEachAsync(
            contents.Records,
            new ParallelOptions { MaxDegreeOfParallelism = MovesAtOnceMax, CancellationToken = ct },
            async (record, stop) =>
            {
                var began = time.GetTimestamp();
                if (await TryMoveAsync(segment, record, stop))
                {
                    moved[record.Id] = true;
                    await Task.Delay(time.GetElapsedTime(began) * options.RestFactor, time, stop);
                }
            }
        );

        // 3. Its notes, where the frames that they are about lie elsewhere. What dies in earlier segments from here on has a note of its own later in the log.
        var mayHaveDeadBefore = new Lazy<bool>(() => MayHaveDeadBefore(segment));
        await Parallel.ForEachAsync(
            contents.Notes.GroupBy(stated => stated.Note.Id),
            new ParallelOptions { MaxDegreeOfParallelism = NotesAtOnceMax, CancellationToken = ct },
            async (about, stop) =>
                await CarryAsync(segment, about.Key, [.. about.Select(stated => stated.Note)], mayHaveDeadBefore, stop)
        );

        // 4. Nothing may point into it any more, and what was moved must be readable where it is now.
        if (!await IsVacatedAsync(segment, contents.Records, moved, ct))
        {
            segmentsKept++;
            return;
        }

        // 5. The index must know that, also after a crash; then the last reader leaves, then the file goes.
        await FlushIndexAsync(segment, ct);
        await gate.WaitForReadersAsync(ct);
        segmentBytesRemoved += volume.Segments.BytesOf(segment);
        volume.Segments.Delete(segment);
        segmentsRemoved++;
    }

    /// <summary>On a full disk the spare room goes to this, since room comes back with the segment.</summary>
    private async Task FlushIndexAsync(uint segment, CancellationToken ct)
    {
        var began = time.GetTimestamp();
        while (!volume.Index.TryFlush())
        {
            volume.Spare.ReleaseWhenShort();
            if (time.GetElapsedTime(began) > FlushPatience)
            {
                throw Full($"The index cannot be flushed, so segment {segment} stays");
            }

            await Task.Delay(FlushRetryInterval, time, ct);
        }
    }

    private BlobException Full(string what) =>
        new(BlobError.VolumeFull, $"{what}: the disk of {volume.Options.Path} has no room.");

    private double DeadFractionOf(uint segment, int notes)
    {
        var live = volume.Index.Totals.LiveBytesOf(segment) + ((long)notes * SegmentFormat.NoteFrameBytes);
        return 1 - (live / (double)volume.Segments.BytesOf(segment));
    }

    private SegmentContents? ReadContents(uint segment)
    {
        using var lease = volume.Segments.Reading(segment);
        return SegmentFooter.TryReadBlock(lease.File, segment, volume.Buffers) is { } footer
            ? SegmentFooter.TryReadContents(lease.File, footer, volume.Buffers)
            : null;
    }

    /// <returns>False when there was nothing to move, or it is damaged: then it stays, and with it the segment, until another owner's copy has taken its place.</returns>
    private async Task<bool> TryMoveAsync(uint segment, DirectoryEntry record, CancellationToken ct)
    {
        using var held = await locks.EnterAsync(record.Id, ct);
        if (
            volume.Index.Find(record.Id) is not { } entry
            || entry.Segment != segment
            || entry.FrameOffset != record.FrameOffset
        )
        {
            return false;
        }

        if (!volume.Spare.IsRoomLeft)
        {
            throw Full($"Segment {segment} is not moved");
        }

        StoredRecord stored;
        try
        {
            stored = await reader.ReadAsync(record.Id, entry, ct);
        }
        catch (BlobException error) when (error.Error == BlobError.Damaged)
        {
            return false;
        }

        using (stored)
        {
            await writer.AppendAsync(new AppendRequest(stored.Memory, stored.Header, entry), ct);
        }

        Interlocked.Increment(ref recordsMoved);
        Interlocked.Add(ref recordBytesMoved, entry.RecordBytes);
        return true;
    }

    /// <summary>
    /// States again what a rebuild of the index would otherwise miss. A record that lies in a later segment was stated there with all that was known of it
    /// then; only for one in an earlier segment do notes of this one count, and a delete only while a dead copy may lie there.
    /// </summary>
    private async Task CarryAsync(
        uint segment,
        ChunkId id,
        IReadOnlyList<Note> notes,
        Lazy<bool> mayHaveDeadBefore,
        CancellationToken ct
    )
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

        if (notes.Any(note => note.Kind == NoteKind.Touch))
        {
            await StateAsync(new Note(NoteKind.Touch, 0, entry.TouchEpoch, id), ct);
        }

        if (notes.LastOrDefault(note => note.Kind == NoteKind.GcState) is { Kind: NoteKind.GcState } swept)
        {
            await StateAsync(swept with { Value = entry.GcState }, ct);
        }
    }

    private async Task StateAsync(Note note, CancellationToken ct)
    {
        await writer.AppendAsync(new AppendRequest(note), ct);
        Interlocked.Increment(ref notesCarried);
    }

    /// <summary>Whether an earlier segment holds a record frame that is not live: then a delete after it has to be kept.</summary>
    private bool MayHaveDeadBefore(uint segment)
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

    private async Task<bool> IsVacatedAsync(
        uint segment,
        IReadOnlyList<DirectoryEntry> records,
        ConcurrentDictionary<ChunkId, bool> moved,
        CancellationToken ct
    )
    {
        foreach (var record in records)
        {
            using var held = await locks.EnterAsync(record.Id, ct);
            if (volume.Index.Find(record.Id) is not { } entry)
            {
                continue;
            }

            var isReadable = !moved.TryRemove(record.Id, out _) || await reader.IsIntactAsync(record.Id, entry, ct);
            if (entry.Segment == segment || !isReadable)
            {
                return false;
            }
        }

        return volume.Index.Totals.LiveRecordsOf(segment) == 0;
    }
}
