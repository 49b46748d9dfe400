namespace FileSharing.BlobEngine;

/// <summary>How a file's bytes travel.</summary>
public enum DiskAccess
{
    /// <summary>Through the page cache.</summary>
    Cached,

    /// <summary>Past the page cache where the file system can: buffers, offsets and lengths in multiples of 4 KiB.</summary>
    Direct,
}

/// <summary>
/// The only door from the engine to the file system (the index apart, which can be rebuilt). Failures are <see cref="IOException"/>;
/// a full disk is one that <see cref="DiskErrors.IsNoSpace"/> knows.
/// </summary>
public interface IDisk
{
    bool DirectoryExists(string path);

    void CreateDirectory(string path);

    /// <summary>Names, not paths, of the files and directories in it.</summary>
    IReadOnlyList<string> List(string directory);

    bool FileExists(string path);

    /// <exception cref="FileNotFoundException">Absent, and not to be made.</exception>
    IDiskFile Open(string path, DiskAccess access, bool create);

    /// <summary>Replaces what had the new name.</summary>
    void Rename(string path, string newPath);

    void Delete(string path);

    /// <summary>Removes a directory with all that is in it.</summary>
    void DeleteDirectory(string path);

    /// <summary>Makes created, renamed and deleted names in this directory durable.</summary>
    void SyncDirectory(string path);

    /// <summary>Takes the exclusive lock of this file, which is made when absent.</summary>
    /// <returns>Dispose to release; null when somebody else holds it.</returns>
    IDisposable? TryLock(string path);

    /// <summary>Bytes free to this process on the file system of this path.</summary>
    long FreeBytes(string path);
}

/// <summary>One open file. Reads are thread-safe; writes come from one thread.</summary>
public interface IDiskFile : IDisposable
{
    long Length { get; }

    /// <summary>Whether the page cache is really passed by.</summary>
    bool IsDirect { get; }

    /// <summary>Writes all bytes at this place; durable after the next sync.</summary>
    void Write(ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Makes the data durable, and the metadata that reading it needs. Not to be repeated after a failure.</summary>
    void SyncData();

    /// <summary>As <see cref="SyncData"/>, with all metadata.</summary>
    void Sync();

    /// <summary>Reserves space and extends the file over it with zeros, where the file system can.</summary>
    void Allocate(long offset, long length);

    void Truncate(long length);

    /// <summary>Reads until the buffer is full or the file ends.</summary>
    int Read(Span<byte> buffer, long offset);

    /// <summary>Reads from the start of the buffer what is in memory already, without waiting for the disk.</summary>
    /// <returns>Bytes read; fewer than asked for say nothing about what the file holds.</returns>
    int ReadCached(Span<byte> buffer, long offset);

    /// <inheritdoc cref="Read"/>
    ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken ct);
}
