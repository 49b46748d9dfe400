namespace FileSharing.BlobEngine;

/// <summary>Small whole files.</summary>
internal static class DiskExtensions
{
    public const string TemporarySuffix = ".tmp";

    /// <summary>Returns when the file has this content durably; a crash leaves the old content or the new, never a mixture.</summary>
    public static void Replace(this IDisk disk, string path, ReadOnlySpan<byte> content)
    {
        var temporary = path + TemporarySuffix;
        using (var file = disk.Open(temporary, DiskAccess.Cached, create: true))
        {
            file.Truncate(0);
            file.Write(content, 0);
            file.Sync();
        }

        disk.Rename(temporary, path);
        disk.SyncDirectory(Path.GetDirectoryName(path)!);
    }

    public static byte[] ReadAll(this IDisk disk, string path)
    {
        using var file = disk.Open(path, DiskAccess.Cached, create: false);
        var content = new byte[file.Length];
        return content[..file.Read(content, 0)];
    }
}
