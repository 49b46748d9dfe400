using FileSharing.BlobEngine;

namespace FileSharing.UnitTests.BlobEngine;

/// <summary>The real disk, counting, and failing where it is told to.</summary>
internal sealed class FaultDisk(IDisk inner) : IDisk
{
    private const int ErrorIo = 5;
    private const int ErrorNoSpace = 28;
    private int syncs;
    private int writes;
    private int directReads;
    private int cachedReads;

    /// <summary>Of files and of directories.</summary>
    public int Syncs => Volatile.Read(ref syncs);

    public int Writes => Volatile.Read(ref writes);

    /// <summary>That waited for the disk and left nothing in the page cache.</summary>
    public int ReadsPastCache => Volatile.Read(ref directReads);

    /// <summary>That waited for the disk and filled the page cache.</summary>
    public int ReadsThroughCache => Volatile.Read(ref cachedReads);

    /// <summary>The sync of this number fails, counted from 1; 0 for none.</summary>
    public int FailSync { get; set; }

    public int FailWrite { get; set; }

    /// <summary>Reserving space fails as on a full disk.</summary>
    public bool IsFull { get; set; }

    /// <summary>Reads that touch this block, of files whose name ends so, fail.</summary>
    public (string Suffix, long Offset)? UnreadableBlock { get; set; }

    public long? ReportedFreeBytes { get; set; }

    /// <summary>The question for free space that is this many from now fails, counted from 1; 0 for none.</summary>
    public int FailFreeBytes { get; set; }

    /// <summary>While it is set, syncs of data wait for it.</summary>
    public Task? HeldSyncs { get; set; }

    public List<string> SyncedDirectories { get; } = [];

    public bool DirectoryExists(string path) => inner.DirectoryExists(path);

    public void CreateDirectory(string path) => inner.CreateDirectory(path);

    public IReadOnlyList<string> List(string directory) => inner.List(directory);

    public bool FileExists(string path) => inner.FileExists(path);

    public IDiskFile Open(string path, DiskAccess access, bool create) =>
        new FaultFile(this, path, inner.Open(path, access, create));

    public void Rename(string path, string newPath) => inner.Rename(path, newPath);

    public void Delete(string path) => inner.Delete(path);

    public void DeleteDirectory(string path) => inner.DeleteDirectory(path);

    public void SyncDirectory(string path)
    {
        SyncedDirectories.Add(path);
        CountSync();
        inner.SyncDirectory(path);
    }

    public IDisposable? TryLock(string path) => inner.TryLock(path);

    public long FreeBytes(string path)
    {
        if (FailFreeBytes > 0 && --FailFreeBytes == 0)
        {
            throw new IOException("injected: no answer", ErrorIo);
        }

        return ReportedFreeBytes ?? inner.FreeBytes(path);
    }

    private void CountSync()
    {
        if (Interlocked.Increment(ref syncs) == FailSync)
        {
            throw new IOException("injected: sync failed", ErrorIo);
        }
    }

    private sealed class FaultFile(FaultDisk disk, string path, IDiskFile file) : IDiskFile
    {
        public long Length => file.Length;

        public bool IsDirect => file.IsDirect;

        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            if (Interlocked.Increment(ref disk.writes) == disk.FailWrite)
            {
                throw new IOException("injected: write failed", ErrorIo);
            }

            file.Write(bytes, offset);
        }

        public void SyncData()
        {
            if (disk.HeldSyncs is { } held)
            {
                // The writer's own thread: nothing else waits behind it.
#pragma warning disable VSTHRD002
                held.GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
            }

            disk.CountSync();
            file.SyncData();
        }

        public void Sync()
        {
            disk.CountSync();
            file.Sync();
        }

        public void Allocate(long offset, long length)
        {
            if (disk.IsFull)
            {
                throw new IOException("injected: no space", ErrorNoSpace);
            }

            file.Allocate(offset, length);
        }

        public void Truncate(long length) => file.Truncate(length);

        public int Read(Span<byte> buffer, long offset)
        {
            ThrowIfUnreadable(offset, buffer.Length);
            return file.Read(buffer, offset);
        }

        private void ThrowIfUnreadable(long offset, int bytes)
        {
            if (
                disk.UnreadableBlock is { } bad
                && path.EndsWith(bad.Suffix, StringComparison.Ordinal)
                && offset < bad.Offset + 4096
                && offset + bytes > bad.Offset
            )
            {
                throw new IOException("injected: bad sector", ErrorIo);
            }
        }

        public int ReadCached(Span<byte> buffer, long offset) => file.ReadCached(buffer, offset);

        public ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken ct)
        {
            ThrowIfUnreadable(offset, buffer.Length);
            Interlocked.Increment(ref IsDirect ? ref disk.directReads : ref disk.cachedReads);
            return file.ReadAsync(buffer, offset, ct);
        }

        public void Dispose() => file.Dispose();
    }
}
