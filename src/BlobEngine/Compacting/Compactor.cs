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
    RecordRewriter rewriter,
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
    private long recordsRewritten;
    private long notesCarried;
    private int segmentsKept;

    public async Task<CompactionReport> RunAsync(CompactionOptions options, CancellationToken ct)
    {
        var choice = new CompactionChoice(volume, rewriter, options);
        if (choice.IsOpenSegmentWanted)
        {
            // It would stay there until it is full.
            await writer.SealAsync(ct);
        }

        BlobException? noRoom = null;
        foreach (var segment in choice.Segments())
        {
            ct.ThrowIfCancellationRequested();
            try
            {
                await CompactAsync(segment, choice, options.RestFactor, ct);
            }
            catch (BlobException error) when (error.Error == BlobError.VolumeFull)
            {
                // The next may need no room: the oldest dead segments have neither records nor notes to carry, and what they give is enough for the others.
                noRoom = error;
                segmentsKept++;
            }
        }

        if (noRoom is not null && segmentsRemoved == 0)
        {
            throw noRoom;
        }

        return new CompactionReport(
            segmentsRemoved,
            segmentBytesRemoved,
            recordsMoved,
            recordBytesMoved,
            recordsRewritten,
            notesCarried,
            segmentsKept
        );
    }

    private bool IsSealed(uint segment)
    {
        using var lease = volume.Segments.Reading(segment);
        return SegmentFooter.TryReadBlock(lease.File, segment, volume.Buffers) is not null;
    }

    /// <summary>The number of the newest segment must not come back while the index may know it, so its file stays until another is begun.</summary>
    private bool IsNewest(uint segment) => volume.Segments.List()[^1].Number == segment;

    private async Task CompactAsync(uint segment, CompactionChoice choice, double restFactor, CancellationToken ct)
    {
        // 1. What is in it. Without a footer it is not sealed, or damaged: the next opening sees to that.
        var isOld = choice.HasOldKeys(segment);
        if (
            (IsNewest(segment) && !IsSealed(segment))
            || SegmentFooter.TryReadSealed(volume.Segments, segment, volume.Buffers, ct) is not { } contents
            || !choice.IsWorthwhile(segment, contents)
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
                if (await TryMoveAsync(segment, record, isOld, stop))
                {
                    moved[record.Id] = true;
                    await Task.Delay(time.GetElapsedTime(began) * restFactor, time, stop);
                }
            }
        );

        // 3. Nothing may point into it any more, and what was moved must be readable where it is now. What stays keeps its notes: stating them again at
        // every run would fill the volume.
        if (!await IsVacatedAsync(segment, contents.Records, moved, ct))
        {
            segmentsKept++;
            return;
        }

        // 4. Its notes, where the frames that they are about lie elsewhere. What dies in earlier segments from here on has a note of its own later in the log.
        var carrier = new NoteCarrier(volume, writer, locks, segment);
        await Parallel.ForEachAsync(
            contents.Notes.GroupBy(stated => stated.Note.Id),
            new ParallelOptions { MaxDegreeOfParallelism = NotesAtOnceMax, CancellationToken = ct },
            async (about, stop) => await carrier.CarryAsync(about.Key, [.. about.Select(stated => stated.Note)], stop)
        );
        notesCarried += carrier.Stated;
        if (IsNewest(segment))
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

    /// <returns>False when there was nothing to move, or it is damaged: then it stays, and with it the segment, until another owner's copy has taken its place.</returns>
    private async Task<bool> TryMoveAsync(
        uint segment,
        DirectoryEntry record,
        bool rewriteOldKeys,
        CancellationToken ct
    )
    {
        using var held = await locks.EnterAsync(record.Id, ct);
        if (
            volume.Index.Find(record.Id) is not { } entry
            || entry.Segment != segment
            || entry.FrameOffset != record.FrameOffset
            // Its checksums may be good all the same; a copy would lift the mark.
            || entry.IsDamaged
        )
        {
            return false;
        }

        if (!volume.Spare.IsRoomLeft)
        {
            throw Full($"Segment {segment} is not moved");
        }

        try
        {
            using var stored = await reader.ReadAsync(record.Id, entry, ct);
            await AppendAsync(stored, entry, rewriteOldKeys, ct);
        }
        catch (BlobException error) when (error.Error == BlobError.Damaged)
        {
            return false;
        }

        Interlocked.Increment(ref recordsMoved);
        Interlocked.Add(ref recordBytesMoved, entry.RecordBytes);
        return true;
    }

    private async Task AppendAsync(StoredRecord stored, IndexEntry entry, bool rewriteOldKeys, CancellationToken ct)
    {
        if (
            !rewriteOldKeys
            || !rewriter.IsNeeded(stored.Header.KeyId)
            || rewriter.Rewrite(stored) is not var (buffer, bytes)
        )
        {
            await writer.AppendAsync(new AppendRequest(stored.Memory, stored.Header, entry), ct);
            return;
        }

        using (buffer)
        {
            var record = (ReadOnlyMemory<byte>)buffer.Memory[..bytes];
            await writer.AppendAsync(new AppendRequest(record, RecordCodec.ReadHeader(record.Span), entry), ct);
        }

        Interlocked.Increment(ref recordsRewritten);
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
