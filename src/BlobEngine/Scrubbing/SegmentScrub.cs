using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <summary>
/// Looks at one segment from end to end: docs/scrub.md. It only names what looks damaged: <see cref="Quarantine"/> looks again before anything is said of a record.
/// </summary>
internal sealed class SegmentScrub(Volume volume, Pace pace)
{
    /// <summary>Ids whose record failed, or lies in a place that is not whole.</summary>
    public List<ChunkId> Suspects { get; } = [];

    /// <summary>Places that are not as they were written.</summary>
    public int DamagedPlaces { get; private set; }

    public long Records { get; private set; }

    /// <param name="due">What to look at.</param>
    /// <param name="onBytes">Told of the bytes looked at since it was told last.</param>
    /// <param name="ct">Stops between two batches.</param>
    public async Task RunAsync(DueSegment due, Action<long> onBytes, CancellationToken ct)
    {
        using var lease = volume.Segments.ReadingDirect(due.Number);
        using var reader = new BatchReader(lease.File, due.Number, volume.Buffers);
        var sequence = 0ul;
        for (var position = due.From; position < due.To; )
        {
            ct.ThrowIfCancellationRequested();
            var began = position;
            if (TryCheckBatch(reader, due.Number, position, ref sequence, out var end))
            {
                position = end;
            }
            else
            {
                var next = reader.FindNext(position + SegmentFormat.BlockBytes, sequence);
                position = next < 0 ? due.To : Math.Min(next, due.To);
                DamagedPlaces++;
                Suspects.AddRange(LiveRecordsIn(due.Number, began, position));
            }

            onBytes(position - began);
            await pace.RestAsync(ct);
        }
    }

    private bool TryCheckBatch(BatchReader reader, uint segment, long offset, ref ulong sequence, out long end)
    {
        end = offset;
        if (!reader.TryRead(offset, out var header, out var frames) || header.Sequence <= sequence)
        {
            return false;
        }

        sequence = header.Sequence;
        end = offset + header.Bytes;
        var begin = offset + SegmentFormat.BatchHeaderBytes;
        var whole = frames.Length;
        while (true)
        {
            var frameOffset = begin + whole - frames.Length;
            if (!Frame.TryTake(ref frames, out var frame))
            {
                return true;
            }

            if (frame.Type == FrameType.Record)
            {
                CheckRecord(segment, frameOffset, frame.Body[SegmentFormat.RecordPrefixBytes..]);
            }
        }
    }

    private void CheckRecord(uint segment, long frameOffset, ReadOnlySpan<byte> record)
    {
        if (IdOf(record) is not { } id)
        {
            // The batch is as it was written, so it was written wrong: whoever the index places here is damaged.
            Suspects.AddRange(LiveRecordsIn(segment, frameOffset, frameOffset + 1));
            return;
        }

        if (
            volume.Index.Find(id) is not { } entry
            || entry.Segment != segment
            || entry.FrameOffset != frameOffset
            || entry.IsDamaged
        )
        {
            return;
        }

        Records++;
        if (!RecordCheck.IsSound(volume, record))
        {
            Suspects.Add(id);
        }
    }

    private static ChunkId? IdOf(ReadOnlySpan<byte> record)
    {
        try
        {
            return RecordHeader.Read(record).Id;
        }
        catch (BlobException)
        {
            return null;
        }
    }

    /// <summary>Records that the index places there. Walks the whole index: damage is rare, and the directory may be damaged too.</summary>
    private List<ChunkId> LiveRecordsIn(uint segment, long from, long to)
    {
        var found = new List<ChunkId>();
        volume.Index.Walk(
            after: null,
            (id, entry) =>
            {
                if (entry.Segment == segment && entry.FrameOffset >= from && entry.FrameOffset < to && !entry.IsDamaged)
                {
                    found.Add(id);
                }

                return true;
            }
        );
        return found;
    }
}
