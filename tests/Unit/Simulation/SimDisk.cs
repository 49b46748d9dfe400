using FileSharing.BlobEngine;

namespace FileSharing.UnitTests.Simulation;

/// <summary>
/// A disk in memory that records what is done to it. It starts from an image, and never changes it. What a power cut leaves is not decided here but by
/// <see cref="CrashWalk"/>, from the trace.
/// </summary>
internal sealed class SimDisk : IDisk
{
    /// <summary>In place of the number of a file.</summary>
    public const int IsDirectory = -1;

    /// <summary>A file system may extend a file by less than was reserved; little here, so that little has to be looked through.</summary>
    private const long ExtensionBytesMax = 64 << 10;

    private readonly Lock gate = new();
    private readonly Trace trace;
    private readonly DiskFaults faults;
    private readonly Dictionary<string, int> names = [];
    private readonly List<SimFile> files = [];

    /// <summary>Where the reserved space of each file ends, if it goes beyond its length.</summary>
    private readonly Dictionary<int, long> reserved = [];
    private readonly HashSet<string> locked = [];

    public SimDisk(DiskImage image, Trace trace, DiskFaults faults)
    {
        this.trace = trace;
        this.faults = faults;
        foreach (var (path, file) in image.Names)
        {
            names[path] = file is null ? IsDirectory : files.Count;
            if (file is not null)
            {
                files.Add(file.Copy());
            }
        }
    }

    public bool DirectoryExists(string path) => FileOf(path) == IsDirectory;

    public void CreateDirectory(string path)
    {
        if (!DirectoryExists(path))
        {
            Do(new Named(path, IsDirectory), () => names[path] = IsDirectory);
        }
    }

    public IReadOnlyList<string> List(string directory)
    {
        lock (gate)
        {
            return
            [
                .. names
                    .Keys.Where(path => Path.GetDirectoryName(path) == directory)
                    .Select(path => Path.GetFileName(path)),
            ];
        }
    }

    public bool FileExists(string path) => FileOf(path) >= 0;

    public IDiskFile Open(string path, DiskAccess access, bool create)
    {
        if (FileOf(path) is not { } number)
        {
            number = create ? files.Count : throw new FileNotFoundException("missing", path);
            Do(
                new Named(path, number),
                () =>
                {
                    names[path] = number;
                    files.Add(new SimFile());
                }
            );
        }

        return new Handle(this, number, faults.Unreadable is { } page && page.Path == path ? page.Offset : null);
    }

    public void Rename(string path, string newPath) =>
        Do(
            new Renamed(path, newPath),
            () =>
            {
                names.Remove(path, out var file);
                names[newPath] = file;
            }
        );

    public void Delete(string path) => Do(new Unlinked(path), () => names.Remove(path));

    public void DeleteDirectory(string path) => throw new NotSupportedException("the index is not on this disk");

    public void SyncDirectory(string path) => Do(new DirectorySynced(path), () => { });

    public IDisposable? TryLock(string path)
    {
        lock (gate)
        {
            return locked.Add(path) ? new HeldLock(this, path) : null;
        }
    }

    public long FreeBytes(string path)
    {
        lock (gate)
        {
            return faults.SpaceBytes - UsedBytes;
        }
    }

    private long UsedBytes => names.Values.Where(file => file >= 0).Sum(BytesOf);

    private long BytesOf(int file) => Math.Max(files[file].Length, reserved.GetValueOrDefault(file));

    private int? FileOf(string path)
    {
        lock (gate)
        {
            return names.TryGetValue(path, out var file) ? file : null;
        }
    }

    /// <param name="change">Recorded, also when it fails: a broken disk may have done it all the same.</param>
    /// <param name="effect">What it does to the disk as it is seen while the power is on.</param>
    /// <param name="grownBytes">Space that it needs.</param>
    private void Do(TraceEvent change, Action effect, long grownBytes = 0)
    {
        lock (gate)
        {
            if (grownBytes > 0 && grownBytes > faults.SpaceBytes - UsedBytes)
            {
                throw DiskFaults.NoSpace();
            }

            var failure = faults.Next(needsSpace: grownBytes > 0 || change is Named);
            if (failure is null || (!faults.IsNoSpace && change is FileChange or NameChange))
            {
                trace.Add(change, effect);
            }
            else if (change is FileSynced sync)
            {
                trace.Add(new SyncFailed(sync.File));
            }

            if (failure is not null)
            {
                throw failure;
            }
        }
    }

    private sealed class HeldLock(SimDisk disk, string path) : IDisposable
    {
        public void Dispose()
        {
            lock (disk.gate)
            {
                disk.locked.Remove(path);
            }
        }
    }

    private sealed class Handle(SimDisk disk, int number, long? unreadable) : IDiskFile
    {
        private SimFile File => disk.files[number];

        public long Length
        {
            get
            {
                lock (disk.gate)
                {
                    return File.Length;
                }
            }
        }

        public bool IsDirect => true;

        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            var kept = bytes.ToArray();
            disk.Do(
                new Written(number, kept, offset),
                () => File.Write(kept, offset),
                offset + kept.Length - disk.BytesOf(number)
            );
        }

        public void SyncData() => Sync();

        public void Sync() => disk.Do(new FileSynced(number), () => { });

        public void Allocate(long offset, long length)
        {
            var wanted = Math.Max(Length, offset + Math.Min(length, ExtensionBytesMax));
            disk.Do(
                new Resized(number, wanted),
                () =>
                {
                    File.SetLength(wanted);
                    disk.reserved[number] = offset + length;
                },
                offset + length - disk.BytesOf(number)
            );
        }

        public void Truncate(long length) =>
            disk.Do(
                new Resized(number, length),
                () =>
                {
                    File.SetLength(length);
                    disk.reserved.Remove(number);
                }
            );

        public int Read(Span<byte> buffer, long offset)
        {
            if (unreadable is { } page && offset < page + SimFile.PageBytes && offset + buffer.Length > page)
            {
                throw DiskFaults.Broken();
            }

            lock (disk.gate)
            {
                return File.Read(buffer, offset);
            }
        }

        public int ReadCached(Span<byte> buffer, long offset) => 0;

        public ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken ct) =>
            ValueTask.FromResult(Read(buffer.Span, offset));

        public void Dispose() { }
    }
}
