using FileSharing.Native.Posix;
using Microsoft.Win32.SafeHandles;

namespace FileSharing.BlobEngine;

/// <summary>The real file system: O_DIRECT where it has it, else through the page cache with the same syncs.</summary>
/// <param name="isReadOnly">Files are opened for reading only, and none is made: for volumes on a file system that is mounted so.</param>
public sealed class DirectDisk(bool isReadOnly = false) : IDisk
{
    public bool DirectoryExists(string path) => Directory.Exists(path);

    public void CreateDirectory(string path) => Directory.CreateDirectory(path);

    public IReadOnlyList<string> List(string directory) =>
        [.. Directory.EnumerateFileSystemEntries(directory).Select(path => Path.GetFileName(path))];

    public bool FileExists(string path) => File.Exists(path);

    public IDiskFile Open(string path, DiskAccess access, bool create)
    {
        if (!create && !File.Exists(path))
        {
            throw new FileNotFoundException($"{path} is missing.", path);
        }

        if (access == DiskAccess.Direct && Open(path, create, direct: true) is { } direct)
        {
            return new DirectDiskFile(direct, isDirect: true);
        }

        return new DirectDiskFile(Open(path, create, direct: false)!, isDirect: false);
    }

    private SafeFileHandle? Open(string path, bool create, bool direct) =>
        isReadOnly ? PosixFile.OpenReadOnly(path, direct) : PosixFile.Open(path, create, direct);

    public void Rename(string path, string newPath) => File.Move(path, newPath, overwrite: true);

    public void Delete(string path) => File.Delete(path);

    public void DeleteDirectory(string path) => Directory.Delete(path, recursive: true);

    public void SyncDirectory(string path) => PosixFile.SyncDirectory(path);

    public IDisposable? TryLock(string path)
    {
        var file = Open(path, create: true, direct: false)!;
        if (PosixFile.TryLock(file))
        {
            return file;
        }

        file.Dispose();
        return null;
    }

    public long FreeBytes(string path) => new DriveInfo(path).AvailableFreeSpace;
}
