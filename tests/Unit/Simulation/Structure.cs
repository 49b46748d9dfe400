using FileSharing.BlobEngine;

namespace FileSharing.UnitTests.Simulation;

/// <summary>Kinds of places on a volume, by what stands there.</summary>
internal enum Structure
{
    SegmentHeader,
    BatchHeader,
    FrameHeader,
    RecordHeader,
    Payload,
    RecordTrailer,
    Note,
    Padding,
    FooterBatchHeader,
    FooterFrames,
    FooterBlock,
    VolumeFile,
    KeyFile,
}

/// <summary>A place on a volume.</summary>
/// <param name="Structure">What stands there.</param>
/// <param name="Path">The file.</param>
/// <param name="Offset">Its first byte.</param>
/// <param name="Bytes">How many.</param>
internal readonly record struct Place(Structure Structure, string Path, long Offset, int Bytes)
{
    /// <summary>All places of a volume, found by reading it as it was written.</summary>
    public static List<Place> AllOf(DiskImage disk)
    {
        var places = new List<Place> { Whole(disk, Structure.VolumeFile, "volume.json") };
        if (disk.Names.ContainsKey($"{SimVolume.Path}/keys.json"))
        {
            places.Add(Whole(disk, Structure.KeyFile, "keys.json"));
        }

        foreach (var path in disk.Segments)
        {
            AddSegment(path, ReadAll(disk, path), places);
        }

        return places;
    }

    /// <summary>Damages the stored bytes of one record in the first segment, which has a footer.</summary>
    public static (DiskImage Disk, int Record) DamageRecord(DiskImage disk, Random random)
    {
        var path = disk.Segments[0];
        var headers = AllOf(disk)
            .Where(place => place.Path == path && place.Structure == Structure.RecordHeader)
            .ToList();
        var header = headers[random.Next(headers.Count)];
        var bytes = ReadAll(disk, path);
        var id = RecordHeader.Read(bytes.AsSpan((int)header.Offset)).Id;
        var file = disk.Names[path]!.Copy();
        file.Write(new byte[] { (byte)~bytes[header.Offset + header.Bytes] }, header.Offset + header.Bytes);
        return (disk.With(path, file), TestRecords.NumberOf(id));
    }

    private static byte[] ReadAll(DiskImage disk, string path)
    {
        var file = disk.Names[path]!;
        var bytes = new byte[file.WrittenBytes];
        file.Read(bytes, 0);
        return bytes;
    }

    private static Place Whole(DiskImage disk, Structure structure, string name)
    {
        var path = $"{SimVolume.Path}/{name}";
        return new Place(structure, path, 0, (int)disk.Names[path]!.Length);
    }

    private static void AddSegment(string path, byte[] bytes, List<Place> places)
    {
        var segment = uint.Parse(System.IO.Path.GetFileNameWithoutExtension(path));
        places.Add(new Place(Structure.SegmentHeader, path, 0, 56));
        var at = SegmentFormat.SegmentHeaderBytes;
        while (at < bytes.Length && BatchHeader.TryRead(bytes.AsSpan(at), segment, at, out var batch))
        {
            var isFooter = batch.Flags.HasFlag(BatchFlags.Footer);
            var structure = isFooter ? Structure.FooterBatchHeader : Structure.BatchHeader;
            places.Add(new Place(structure, path, at, SegmentFormat.BatchHeaderBytes));
            var frames = at + SegmentFormat.BatchHeaderBytes;
            if (isFooter)
            {
                places.Add(new Place(Structure.FooterFrames, path, frames, (int)batch.FrameBytes));
            }
            else
            {
                AddFrames(path, bytes, frames, (int)batch.FrameBytes, places);
            }

            var end = frames + (int)batch.FrameBytes;
            at += (int)batch.Bytes;
            if (end < at)
            {
                places.Add(new Place(Structure.Padding, path, end, at - end));
            }
        }

        if (at < bytes.Length && FooterBlock.TryRead(bytes.AsSpan(at), segment, out _))
        {
            places.Add(new Place(Structure.FooterBlock, path, at, 48));
        }
    }

    private static void AddFrames(string path, byte[] bytes, int at, int length, List<Place> places)
    {
        var frames = (ReadOnlySpan<byte>)bytes.AsSpan(at, length);
        while (Frame.TryTake(ref frames, out var frame))
        {
            places.Add(new Place(Structure.FrameHeader, path, at, SegmentFormat.FrameHeaderBytes));
            var body = at + SegmentFormat.FrameHeaderBytes;
            at = body + SegmentFormat.AlignFrame(frame.Body.Length);
            if (frame.Type == FrameType.Note)
            {
                places.Add(new Place(Structure.Note, path, body, frame.Body.Length));
                continue;
            }

            var record = body + SegmentFormat.RecordPrefixBytes;
            var header = RecordHeader.Read(frame.Body[SegmentFormat.RecordPrefixBytes..]);
            var payload = header.RecordBytes - RecordFormat.HeaderBytes - header.TrailerBytes;
            places.Add(new Place(Structure.RecordHeader, path, record, RecordFormat.HeaderBytes));
            places.Add(new Place(Structure.Payload, path, record + RecordFormat.HeaderBytes, payload));
            places.Add(
                new Place(
                    Structure.RecordTrailer,
                    path,
                    record + header.RecordBytes - header.TrailerBytes,
                    header.TrailerBytes
                )
            );
        }
    }
}
