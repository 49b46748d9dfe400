namespace FileSharing.UnitTests.Simulation;

/// <summary>How a disk gives something else than was written.</summary>
internal enum FlipKind
{
    Bit,
    Byte,

    /// <summary>A write that was acknowledged and lost: what it replaced was nothing.</summary>
    ZeroedBlock,

    /// <summary>A misdirected write: what should be there stands elsewhere, and the other way round.</summary>
    SwappedBlock,

    /// <summary>A misdirected read: another place's block, of any segment.</summary>
    OtherBlock,

    /// <summary>A sector of noise.</summary>
    RandomSector,

    /// <summary>A block that the disk cannot read.</summary>
    UnreadableBlock,
}

/// <summary>One damage of one place.</summary>
internal static class Flip
{
    private const int SectorBytes = 512;

    /// <returns>The damaged disk and what it cannot read; null when it happens to be the same as before.</returns>
    public static (DiskImage Disk, DiskFaults Faults)? Of(DiskImage disk, Place place, FlipKind kind, Random random)
    {
        var offset = place.Offset + random.Next(place.Bytes);
        if (kind == FlipKind.UnreadableBlock)
        {
            return (disk, new DiskFaults { Unreadable = (place.Path, BlockOf(offset)) });
        }

        return Changed(disk, place, offset, kind, random) is { } changed ? (changed, new DiskFaults()) : null;
    }

    private static DiskImage? Changed(DiskImage disk, Place place, long offset, FlipKind kind, Random random)
    {
        switch (kind)
        {
            case FlipKind.Bit:
                return Change(disk, place.Path, offset, 1, bytes => bytes[0] ^= (byte)(1 << random.Next(8)));
            case FlipKind.Byte:
                return Change(disk, place.Path, offset, 1, bytes => bytes[0] = (byte)random.Next(256));
            case FlipKind.ZeroedBlock:
                return Change(disk, place.Path, BlockOf(offset), SimFile.PageBytes, bytes => bytes.Clear());
            case FlipKind.RandomSector:
                return Change(disk, place.Path, offset / SectorBytes * SectorBytes, SectorBytes, random.NextBytes);
            default:
                return Misdirect(disk, place.Path, BlockOf(offset), isBothWays: kind == FlipKind.SwappedBlock, random);
        }
    }

    private static DiskImage? Misdirect(DiskImage disk, string path, long offset, bool isBothWays, Random random)
    {
        var other = disk.Segments[random.Next(disk.Segments.Count)];
        var otherOffset = BlockOf(random.NextInt64(disk.Names[other]!.WrittenBytes));
        var block = Read(disk, path, offset);
        var otherBlock = Read(disk, other, otherOffset);
        var changed = Change(disk, path, offset, block.Length, bytes => Copy(otherBlock, bytes));
        return isBothWays && changed is not null
            ? Change(changed, other, otherOffset, otherBlock.Length, bytes => Copy(block, bytes))
            : changed;
    }

    private delegate void Changing(Span<byte> bytes);

    private static long BlockOf(long offset) => offset / SimFile.PageBytes * SimFile.PageBytes;

    private static void Copy(byte[] from, Span<byte> to) => from.AsSpan(0, Math.Min(from.Length, to.Length)).CopyTo(to);

    private static byte[] Read(DiskImage disk, string path, long offset)
    {
        var bytes = new byte[SimFile.PageBytes];
        return bytes[..disk.Names[path]!.Read(bytes, offset)];
    }

    private static DiskImage? Change(DiskImage disk, string path, long offset, int length, Changing change)
    {
        var file = disk.Names[path]!.Copy();
        var bytes = new byte[Math.Min(length, file.Length - offset)];
        file.Read(bytes, offset);
        var before = bytes.ToArray();
        change(bytes);
        file.Write(bytes, offset);
        return bytes.AsSpan().SequenceEqual(before) ? null : disk.With(path, file);
    }
}
