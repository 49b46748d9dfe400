namespace FileSharing.BlobEngine;

/// <summary>Small whole files, and places that may be damaged.</summary>
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

    /// <summary>Fills the buffer from this place.</summary>
    /// <returns>False when the file ends before, or the disk cannot read it: a place that must not be trusted, like one that fails its checksum.</returns>
    public static bool TryFill(this IDiskFile file, Span<byte> buffer, long offset)
    {
        try
        {
            return file.Read(buffer, offset) == buffer.Length;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
