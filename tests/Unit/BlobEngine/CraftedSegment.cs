using FileSharing.BlobEngine;

namespace FileSharing.UnitTests.BlobEngine;

/// <summary>A segment written frame by frame with the engine's own builder, for contents that no writer of today makes.</summary>
internal sealed class CraftedSegment : IDisposable
{
    private readonly BufferPool pool = new(0);
    private readonly SegmentSet segments;
    private readonly SegmentLog log;
    private readonly BatchBuilder builder;
    private readonly List<(DirectoryEntry Record, StatedNote Note)> frames = [];

    public CraftedSegment(TestVolume volume, Guid volumeId, ulong incarnation, uint number, ulong sequence)
    {
        Directory.CreateDirectory(volume.Segments);
        segments = new SegmentSet(volume.Disk, volume.Segments);
        log = new SegmentLog(
            volume.Options,
            segments,
            pool,
            new LogPosition(volumeId, incarnation, number, sequence, null)
        );
        builder = new BatchBuilder(pool);
        builder.Clear();
        Path = segments.PathOf(number);
    }

    public string Path { get; }

    public void AddRecord(ReadOnlySpan<byte> record, FrameFlags flags, uint touchEpoch, ulong origin)
    {
        var header = RecordCodec.ReadHeader(record);
        var offset = builder.AddRecord(record, flags, touchEpoch, origin);
        frames.Add(
            (
                new DirectoryEntry(
                    header.Id,
                    offset,
                    record.Length,
                    header.Kind,
                    flags,
                    touchEpoch,
                    origin,
                    (byte)header.KeyId
                ),
                default
            )
        );
    }

    public void AddNote(Note note, ulong origin)
    {
        builder.AddNote(note, origin);
        frames.Add((default, new StatedNote(note, origin)));
    }

    public void WriteBatch()
    {
        log.Reserve(builder.Bytes);
        var (offset, _) = log.Write(builder);
        foreach (var (record, note) in frames)
        {
            if (record.RecordBytes > 0)
            {
                log.Remember(record with { FrameOffset = offset + record.FrameOffset });
            }
            else
            {
                log.Remember(note);
            }
        }

        frames.Clear();
        builder.Clear();
    }

    public void Seal()
    {
        Assert.True(log.TryReserveFooter());
        log.Seal(builder);
    }

    public void Dispose()
    {
        builder.Dispose();
        log.Dispose();
        segments.Dispose();
        pool.Dispose();
    }
}
