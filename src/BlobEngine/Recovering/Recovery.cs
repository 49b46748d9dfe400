namespace FileSharing.BlobEngine;

/// <summary>
/// Brings index and segments together when a volume is opened: docs/segment-format.md, section 4. It cuts only what cannot have been
/// acknowledged; what was once on stable storage and is damaged now is reported and left in place.
/// </summary>
internal sealed class Recovery(
    SegmentSet segments,
    ChunkIndex index,
    BufferPool pool,
    VolumeIdentity identity,
    ulong previousIncarnation,
    VolumeOptions options
)
{
    /// <summary>Read and written at a time.</summary>
    private const int WriteAgainBytesMax = 1 << 20;

    private readonly bool isClean = previousIncarnation > 0 && index.CleanIncarnation == previousIncarnation;
    private readonly SegmentHeaders headers = new(identity, segments, pool);
    private readonly List<DamagedPlace> damage = [];
    private readonly List<(uint Segment, SegmentScan Scan, long CutAt)> unsealed = [];
    private ulong lastSequence = index.Sequence;
    private (uint Segment, SegmentScan Scan)? toContinue;
    private int segmentsReplayed;
    private long tornTailBytes;

    /// <summary>Where the log goes on, and what was found. The index is complete and flushed when this returns.</summary>
    public (LogPosition Position, RecoveryReport Report) Run(CancellationToken ct)
    {
        var numbers = segments.Load();
        using var replay = new Replay(index, segments);
        using var ahead =
            options.Rebuild == IndexRebuild.FromBatches
                ? new ScanAhead(segments, numbers, headers.Read, pool, ct)
                : null;
        var progress = new RecoveryProgress(0, numbers.Count, 0, segments.Bytes, 0);
        for (var i = 0; i < numbers.Count; i++)
        {
            ct.ThrowIfCancellationRequested();
            var bytes = segments.BytesOf(numbers[i]);
            Recover(numbers[i], i + 1 < numbers.Count ? numbers[i + 1] : null, replay, ahead, ct);
            progress = progress with
            {
                SegmentsDone = progress.SegmentsDone + 1,
                BytesDone = progress.BytesDone + bytes,
                Records = replay.Records,
            };
            options.Recovery?.Report(progress);
        }

        // Sealing takes sequences of its own, so it waits until the last one in use is known.
        foreach (var (number, scan, cutAt) in unsealed)
        {
            Seal(number, scan, cutAt, replay.Update);
        }

        // Compaction removed their files. One that still counts live records is not gone but lost, and stays on record.
        foreach (var gone in index.Segments().Except(numbers).Where(gone => index.Totals.LiveRecordsOf(gone) == 0))
        {
            replay.Update.Forget(gone);
        }

        replay.Update.SetFormat();
        replay.Update.SetSequence(lastSequence);
        replay.Commit();
        // On a full disk the next opening replays it once more.
        _ = index.TryFlush();
        var nextSegment = numbers.Count == 0 ? 1 : numbers[^1] + 1;
        var position = new LogPosition(
            identity.VolumeId,
            identity.Incarnation,
            nextSegment,
            lastSequence + 1,
            toContinue is { } last ? Open(last.Segment, last.Scan, last.Scan.End) : null
        );
        var report = new RecoveryReport(
            isClean && segmentsReplayed == 0,
            index.IsNew && numbers.Count > 0,
            segmentsReplayed,
            replay.Records,
            tornTailBytes,
            damage
        );
        return (position, report);
    }

    private void Recover(uint number, uint? next, Replay replay, ScanAhead? ahead, CancellationToken ct)
    {
        using var lease = segments.Reading(number);
        var file = lease.File;
        var replayed = index.ReplayPosition(number);
        var footerBlock = SegmentFooter.TryReadBlock(file, number, pool);
        if (footerBlock is { } footer)
        {
            lastSequence = Math.Max(lastSequence, footer.LastSequence);
            if (replayed >= file.Length)
            {
                return;
            }

            if (ReadSealed(number, file, footer, ahead) is { } contents)
            {
                WriteAgain(number, footer.FirstOffset, file.Length);
                segmentsReplayed++;
                // Records below the replay position are in the index; looking each of them up again would read its frame. Notes say nothing of their place.
                var covered = contents.Records.TakeWhile(record => record.FrameOffset < replayed).Count();
                replay.Enter(number, contents.Records[covered..], contents.Notes);
                replay.Update.SetReplayPosition(number, file.Length);
                return;
            }
        }

        if (headers.Read(file, number, damage) is { } header)
        {
            Scan(number, next, header, footerBlock, replayed, replay, ct);
        }
    }

    /// <summary>From the directory; or, if so asked, from the batches as long as they are all whole.</summary>
    private SegmentContents? ReadSealed(uint number, IDiskFile file, FooterBlock footer, ScanAhead? ahead)
    {
        if (ahead?.Take(number) is { } batches)
        {
            damage.AddRange(batches.Damage);
            if (batches.Scan is { Damage.Count: 0 } scan && scan.End == footer.FirstOffset)
            {
                return scan.Contents;
            }
        }

        return SegmentFooter.TryReadContents(file, footer, pool);
    }

    private void Scan(
        uint number,
        uint? next,
        SegmentHeader header,
        FooterBlock? footer,
        long replayed,
        Replay replay,
        CancellationToken ct
    )
    {
        using var lease = segments.ReadingDirect(number);
        var length = lease.File.Length;
        var scan = new SegmentScan(lease.File, number, pool);
        scan.Run(header, ct);
        damage.AddRange(scan.Damage);
        lastSequence = Math.Max(lastSequence, scan.LastSequence);
        var isWhole = scan.TornTailBytes == 0 && scan.Damage.Count == 0 && scan.End == length;
        if (isClean && next is null && isWhole && replayed == length)
        {
            toContinue = (number, scan);
            return;
        }

        segmentsReplayed++;
        var cutAt = WhereToCut(number, isLast: next is null, footer, scan, replayed);
        if (cutAt > scan.End)
        {
            scan.SalvageTail(cutAt, headers.FirstSequenceOf(next, otherwise: index.Sequence + 1), ct);
        }

        // As of a sealed segment, and for one more reason: what a damaged place has kept of records may be older than what it has lost of notes.
        var coveredRecords = scan.Contents.Records.TakeWhile(record => record.FrameOffset < replayed).Count();
        var coveredNotes = scan.Batches.FindLast(batch => batch.End <= replayed).Notes;
        replay.Enter(number, scan.Contents.Records[coveredRecords..], scan.Contents.Notes[coveredNotes..]);
        EnterLost(number, scan, replayed, replay);
        unsealed.Add((number, scan, cutAt));
    }

    /// <summary>What is lost goes on being known, where the index or the log has nothing better; and so that a rebuild knows it too, the footer names it.</summary>
    private static void EnterLost(uint number, SegmentScan scan, long replayed, Replay replay)
    {
        foreach (var record in scan.Unreadable)
        {
            if (replay.EnterUnreadable(number, record, mayBeNew: record.FrameOffset >= replayed))
            {
                scan.Contents.Insert(record);
            }
        }

        if (scan.UnknownLossEnd > replayed)
        {
            scan.Contents.Notes.Add(new StatedNote(new Note(NoteKind.Lost, 0, 0, default), scan.LastSequence));
        }
    }

    private long WhereToCut(uint number, bool isLast, FooterBlock? footer, SegmentScan scan, long replayed)
    {
        if (scan.HasFooter || footer?.FirstOffset == scan.End)
        {
            // What is damaged is the directory: it only repeats, and is written anew.
            return scan.End;
        }

        if (replayed <= scan.End && (isLast || scan.TornTailBytes == 0))
        {
            tornTailBytes += scan.TornTailBytes;
            return scan.End;
        }

        // The index knows batches that are not there, or a later segment exists: this one was synced, and what is invalid was acknowledged once. Most
        // records of a batch that fails its checksum may be whole, so nothing of it is cut.
        var end = Math.Max(replayed, scan.End + scan.TornTailBytes);
        damage.Add(new DamagedPlace(number, scan.End, end - scan.End));
        return end;
    }

    /// <summary>Cuts the torn tail and writes the footer: the segment is never appended to again.</summary>
    private void Seal(uint number, SegmentScan scan, long cutAt, IndexUpdate update)
    {
        if (cutAt == SegmentFormat.SegmentHeaderBytes && scan.Damage.Count == 0)
        {
            segments.Delete(number);
            return;
        }

        if (scan.Batches is [.., var last])
        {
            WriteAgain(number, last.Offset, last.End);
        }

        using var segment = Open(number, scan, cutAt);
        using var builder = new BatchBuilder(pool);
        segment.Trim();
        try
        {
            segment.Reserve(segment.FooterBytesMax);
        }
        catch (IOException error) when (DiskErrors.IsNoSpace(error))
        {
            // The volume can be read without the footer; the next opening tries again.
            return;
        }

        lastSequence = segment.Seal(builder, pool, lastSequence + 1) - 1;
        update.SetReplayPosition(number, segment.Position);
    }

    /// <summary>
    /// Makes durable what can be read at the end of a segment. The sync before this opening may have failed: then the disk or the kernel may have these bytes in memory
    /// only, and call them clean, so that no sync would bring them to the disk. Written again, they are what the next sync is about. Everything before the last batch was
    /// synced before that one was begun.
    /// </summary>
    private void WriteAgain(uint number, long from, long to)
    {
        if (isClean || from >= to)
        {
            return;
        }

        using var file = segments.Writing(number);
        using var buffer = pool.Rent((int)Math.Min(to - from, WriteAgainBytesMax));
        for (var at = from; at < to; )
        {
            var piece = buffer.GetSpan()[..(int)Math.Min(to - at, buffer.Length)];
            if (!file.TryFill(piece, at))
            {
                throw new IOException($"Segment {number} ended while its last bytes were read.");
            }

            file.Write(piece, at);
            at += piece.Length;
        }

        file.Sync();
    }

    private OpenSegment Open(uint number, SegmentScan scan, long position) =>
        new(segments, number, segments.Writing(number), position, scan.Contents);
}
