using FileSharing.BlobEngine;

namespace FileSharing.UnitTests.BlobEngine;

/// <summary>How much of what was never synced reaches the disk all the same.</summary>
internal enum Unsynced
{
    Lost,
    Kept,

    /// <summary>Any sectors of any write, in no order; of the names of a directory, the first few changes.</summary>
    Some,
}

/// <summary>
/// A disk in memory that keeps what was not synced apart. At the operation <paramref name="cutAt"/> the power goes: that operation
/// and all later ones fail, and <see cref="AfterCut"/> is the disk that the next start finds. What lies below the path of the index is on the
/// real file system, since RocksDB does its own I/O; it is copied when the power goes.
/// </summary>
/// <param name="indexPath">Directory of the index.</param>
/// <param name="cutAt">Counted from 1; 0 for never.</param>
/// <param name="onCut">Called once, at the cut, on the thread whose operation it was.</param>
internal sealed class PowerCutDisk(string indexPath, int cutAt, Action onCut) : IDisk
{
    private const int ErrorIo = 5;

    private readonly Lock gate = new();
    private readonly DirectDisk real = new();

    /// <summary>Null for a directory.</summary>
    private readonly Dictionary<string, PowerCutFile?> names = [];
    private readonly Dictionary<string, PowerCutFile?> durableNames = [];
    private readonly Dictionary<string, List<Action<Dictionary<string, PowerCutFile?>>>> unsyncedNames = [];
    private readonly HashSet<string> locked = [];

    public int Operations { get; private set; }

    public bool IsCut { get; private set; }

    /// <summary>Syncs of files with this suffix report success and do nothing.</summary>
    public string? LiesAbout { get; init; }

    /// <summary>The disk as it is found after the power is back.</summary>
    public PowerCutDisk AfterCut(Unsynced unsynced, Random random, int nextCutAt, Action onNextCut)
    {
        lock (gate)
        {
            var found = new PowerCutDisk(indexPath, nextCutAt, onNextCut) { LiesAbout = LiesAbout };
            var left = new Dictionary<string, PowerCutFile?>(durableNames);
            foreach (var changes in unsyncedNames.Values)
            {
                var kept = unsynced switch
                {
                    Unsynced.Lost => 0,
                    Unsynced.Kept => changes.Count,
                    _ => random.Next(changes.Count + 1),
                };
                changes.Take(kept).ToList().ForEach(change => change(left));
            }

            foreach (var (path, file) in left)
            {
                found.names[path] = found.durableNames[path] = file?.AfterCut(unsynced, random);
            }

            return found;
        }
    }

    public bool DirectoryExists(string path) => IsReal(path) ? real.DirectoryExists(path) : Knows(path, isFile: false);

    public void CreateDirectory(string path)
    {
        if (IsReal(path))
        {
            real.CreateDirectory(path);
        }
        else if (!DirectoryExists(path))
        {
            Operate(() => Change(path, all => all[path] = null));
        }
    }

    public IReadOnlyList<string> List(string directory)
    {
        lock (gate)
        {
            return [.. names.Keys.Where(path => Parent(path) == directory).Select(path => Path.GetFileName(path))];
        }
    }

    public bool FileExists(string path) => Knows(path, isFile: true);

    public IDiskFile Open(string path, DiskAccess access, bool create)
    {
        PowerCutFile? file = null;
        if (FileExists(path))
        {
            lock (gate)
            {
                file = names[path]!;
            }
        }
        else if (create)
        {
            file = new PowerCutFile();
            Operate(() => Change(path, all => all[path] = file));
        }

        return new Handle(this, path, file ?? throw new FileNotFoundException("missing", path));
    }

    public void Rename(string path, string newPath) =>
        Operate(() =>
        {
            var file = names[path];
            Change(
                path,
                all =>
                {
                    all.Remove(path);
                    all[newPath] = file;
                }
            );
        });

    public void Delete(string path) => Operate(() => Change(path, all => all.Remove(path)));

    public void DeleteDirectory(string path)
    {
        Assert.True(IsReal(path));
        real.DeleteDirectory(path);
    }

    public void SyncDirectory(string path) =>
        Operate(
            () =>
            {
                if (unsyncedNames.Remove(path, out var changes))
                {
                    changes.ForEach(change => change(durableNames));
                }
            },
            isSync: true
        );

    public IDisposable? TryLock(string path)
    {
        lock (gate)
        {
            return locked.Add(path) ? new MemoryStream() : null;
        }
    }

    public long FreeBytes(string path) => 1L << 40;

    private bool IsReal(string path) => path == indexPath;

    private static string Parent(string path) => Path.GetDirectoryName(path)!;

    private bool Knows(string path, bool isFile)
    {
        lock (gate)
        {
            return names.TryGetValue(path, out var file) && (file is not null) == isFile;
        }
    }

    private void Change(string path, Action<Dictionary<string, PowerCutFile?>> change)
    {
        change(names);
        if (!unsyncedNames.TryGetValue(Parent(path), out var changes))
        {
            unsyncedNames[Parent(path)] = changes = [];
        }

        changes.Add(change);
    }

    /// <param name="operation">Changes the disk. A sync at the moment of the cut does not happen; anything else is begun.</param>
    /// <param name="isSync">Whether it is lost as a whole at the cut.</param>
    private void Operate(Action operation, bool isSync = false)
    {
        lock (gate)
        {
            if (!IsCut && ++Operations == cutAt)
            {
                IsCut = true;
                onCut();
                if (!isSync)
                {
                    operation();
                }
            }

            if (IsCut)
            {
                throw new IOException("the power is off", ErrorIo);
            }

            operation();
        }
    }

    private sealed class Handle(PowerCutDisk disk, string path, PowerCutFile file) : IDiskFile
    {
        public long Length
        {
            get
            {
                lock (disk.gate)
                {
                    return file.Length;
                }
            }
        }

        public bool IsDirect => true;

        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            var copy = bytes.ToArray();
            disk.Operate(() => file.Write(copy, offset));
        }

        public void SyncData() => Sync();

        public void Sync() =>
            disk.Operate(
                () =>
                {
                    if (disk.LiesAbout is not { } suffix || !path.EndsWith(suffix, StringComparison.Ordinal))
                    {
                        file.Sync();
                    }
                },
                isSync: true
            );

        public void Allocate(long offset, long length) =>
            disk.Operate(() => file.SetLength(Math.Max(file.Length, offset + length)));

        public void Truncate(long length) => disk.Operate(() => file.SetLength(length));

        public int Read(Span<byte> buffer, long offset)
        {
            lock (disk.gate)
            {
                return file.Read(buffer, offset);
            }
        }

        public int ReadCached(Span<byte> buffer, long offset) => 0;

        public ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken ct) =>
            ValueTask.FromResult(Read(buffer.Span, offset));

        public void Dispose() { }
    }
}
