using System.Collections.Concurrent;
using System.Globalization;

namespace FileSharing.BlobEngine;

/// <summary>The segment files of a volume: their names, their lengths, and handles for reading, opened when first needed. Thread-safe.</summary>
internal sealed class SegmentSet(IDisk disk, string directory, int handlesMax = SegmentSet.HandlesMax) : IDisposable
{
    /// <summary>Files kept open for reading, for a volume; the segments of 256 GiB.</summary>
    public const int HandlesMax = 256;

    private const string Suffix = ".seg";

    private readonly ConcurrentDictionary<uint, long> lengths = new();
    private readonly SegmentHandles cached = new(disk, DiskAccess.Cached, handlesMax);
    private readonly SegmentHandles direct = new(disk, DiskAccess.Direct, handlesMax);

    public int Count => lengths.Count;

    /// <summary>All of them, in order of number.</summary>
    public IReadOnlyList<(uint Number, long Bytes)> List() =>
        [.. lengths.Select(segment => (segment.Key, segment.Value)).OrderBy(segment => segment.Key)];

    public long BytesOf(uint segment) => lengths.GetValueOrDefault(segment);

    /// <summary>Bytes of all files, with what is preallocated.</summary>
    public long Bytes => lengths.Values.Sum();

    public string PathOf(uint segment) => Path.Combine(directory, $"{segment:D10}{Suffix}");

    /// <summary>Looks at the directory.</summary>
    /// <param name="isReadOnly">Else what a crash left under a temporary name is removed: it never held acknowledged data.</param>
    /// <returns>The segment numbers, ascending.</returns>
    public IReadOnlyList<uint> Load(bool isReadOnly = false)
    {
        var numbers = new List<uint>();
        foreach (var name in disk.List(directory))
        {
            var path = Path.Combine(directory, name);
            if (name.EndsWith(DiskExtensions.TemporarySuffix, StringComparison.Ordinal))
            {
                if (!isReadOnly)
                {
                    disk.Delete(path);
                }
            }
            else if (
                name.EndsWith(Suffix, StringComparison.Ordinal)
                && uint.TryParse(name.AsSpan(0, name.Length - Suffix.Length), NumberStyles.None, null, out var number)
            )
            {
                numbers.Add(number);
            }
        }

        numbers.Sort();
        foreach (var number in numbers)
        {
            using var lease = Reading(number);
            SetLength(number, lease.File.Length);
        }

        return numbers;
    }

    public void SetLength(uint segment, long bytes) => lengths[segment] = bytes;

    /// <summary>Makes the file with its header; when this returns both are durable.</summary>
    /// <returns>Open for appending behind the header.</returns>
    public IDiskFile Create(SegmentHeader header, BufferPool pool)
    {
        var path = PathOf(header.Segment);
        var temporary = path + DiskExtensions.TemporarySuffix;
        var file = disk.Open(temporary, DiskAccess.Direct, create: true);
        try
        {
            using var block = pool.Rent(SegmentFormat.SegmentHeaderBytes);
            header.Write(block.GetSpan());
            file.Write(block.GetSpan(), 0);
            file.Sync();
            disk.Rename(temporary, path);
            disk.SyncDirectory(directory);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        SetLength(header.Segment, SegmentFormat.SegmentHeaderBytes);
        return file;
    }

    /// <summary>Opens an existing segment for writing.</summary>
    public IDiskFile Writing(uint segment) => disk.Open(PathOf(segment), DiskAccess.Direct, create: false);

    /// <summary>For reading through the page cache.</summary>
    public SegmentLease Reading(uint segment) => cached.Lease(segment, PathOf(segment));

    /// <summary>For reading past the page cache.</summary>
    public SegmentLease ReadingDirect(uint segment) => direct.Lease(segment, PathOf(segment));

    /// <summary>Removes a segment that holds nothing.</summary>
    public void Delete(uint segment)
    {
        lengths.TryRemove(segment, out _);
        cached.Forget(segment);
        direct.Forget(segment);
        disk.Delete(PathOf(segment));
        disk.SyncDirectory(directory);
    }

    public void Dispose()
    {
        cached.Dispose();
        direct.Dispose();
    }
}
