using FileSharing.BlobEngine;

namespace FileSharing.ClusterTests.Network;

/// <summary>Where a record lies: a file of a volume, and a range of it.</summary>
internal readonly record struct StoredAt(string Path, long Offset, int Bytes);

/// <summary>The records of a volume as they lie in its segments, also while a node has it open: looks, and turns bytes.</summary>
internal static class StoredRecords
{
    private const long PooledBytesMax = 32L << 20;

    public static IReadOnlyList<StoredAt> Find(string volume)
    {
        var disk = new DirectDisk(isReadOnly: true);
        var files = new VolumeFiles(disk, volume);
        var identity = files.ReadIdentity()!;
        using var buffers = new BufferPool(PooledBytesMax);
        using var segments = new SegmentSet(disk, files.SegmentsPath);
        var found = new List<StoredAt>();
        foreach (var number in segments.Load(isReadOnly: true))
        {
            using var lease = segments.ReadingDirect(number);
            var scan = new SegmentScan(lease.File, number, buffers);
            scan.Run(new SegmentHeader(identity.VolumeId, identity.Incarnation, number, 1), CancellationToken.None);
            found.AddRange(
                scan.Contents.Records.Select(record => new StoredAt(
                    segments.PathOf(number),
                    record.FrameOffset + SegmentFormat.FrameHeaderBytes + SegmentFormat.RecordPrefixBytes,
                    record.RecordBytes
                ))
            );
        }

        return found;
    }

    /// <summary>Turns one bit of the record, somewhere.</summary>
    public static void TurnBit(StoredAt record, Random random)
    {
        using var file = File.Open(record.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var at = record.Offset + random.Next(record.Bytes);
        file.Position = at;
        var was = file.ReadByte();
        file.Position = at;
        file.WriteByte((byte)(was ^ (1 << random.Next(8))));
        file.Flush(flushToDisk: true);
    }
}
