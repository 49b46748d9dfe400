using FileSharing.Client.Upload;

namespace FileSharing.Client.Folders;

/// <summary>What a local directory entry is to an upload.</summary>
internal enum LocalEntryKind
{
    File,
    Folder,
    LinkOutside,
    Special,
}

/// <summary>
/// Sorts directory entries. A symbolic link to a file inside the folder is stored as that file; other links are left out, so that a folder never
/// carries out what lies beside it, and never runs in a circle.
/// </summary>
internal static class LocalEntries
{
    public static LocalEntryKind KindOf(FileSystemInfo entry, string root)
    {
        if (entry.LinkTarget is not null)
        {
            return
                entry.ResolveLinkTarget(returnFinalTarget: true) is FileInfo { Exists: true } target
                && IsInside(target.FullName, root)
                && FileKind.IsRegular(target.FullName)
                ? LocalEntryKind.File
                : LocalEntryKind.LinkOutside;
        }

        if (entry is DirectoryInfo)
        {
            return LocalEntryKind.Folder;
        }

        return FileKind.IsRegular(entry.FullName) ? LocalEntryKind.File : LocalEntryKind.Special;
    }

    public static string WhySkipped(LocalEntryKind kind) =>
        kind == LocalEntryKind.LinkOutside
            ? "symbolic link to a folder, to nothing, or out of the folder; not stored"
            : "device, pipe or socket; not stored";

    private static bool IsInside(string path, string root) =>
        path.StartsWith(
            Path.TrimEndingDirectorySeparator(root) + Path.DirectorySeparatorChar,
            StringComparison.Ordinal
        );
}
