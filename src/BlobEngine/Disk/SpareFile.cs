namespace FileSharing.BlobEngine;

/// <summary>
/// A file that only takes room. When others have filled the disk to the last byte it is given up, so that the volume can still be opened, and deletes and
/// compaction, which bring room, have what they need to begin.
/// </summary>
/// <param name="disk">Where the volume lies.</param>
/// <param name="volumePath">Its directory.</param>
/// <param name="isKept">False for a volume that keeps nothing free: then there is none.</param>
internal sealed class SpareFile(IDisk disk, string volumePath, bool isKept)
{
    /// <summary>For the small files of an opening, some notes, and a first flush of the index.</summary>
    public const long Bytes = 4 << 20;

    /// <summary>With less than this free it is not taken: others need the room more.</summary>
    private const long FreeBytesMin = 4 * Bytes;

    private readonly Lock changing = new();
    private readonly string path = Path.Combine(volumePath, "spare");

    /// <summary>False when it has been given up and is needed still: what makes room only by taking some first has to wait.</summary>
    public bool IsRoomLeft => !isKept || disk.FileExists(path) || disk.FreeBytes(volumePath) >= Bytes;

    /// <summary>Takes the room when there is plenty and it is not taken yet.</summary>
    public void Take()
    {
        lock (changing)
        {
            if (!isKept || disk.FreeBytes(volumePath) < FreeBytesMin)
            {
                return;
            }

            using var file = disk.Open(path, DiskAccess.Cached, create: true);
            if (file.Length < Bytes)
            {
                TryAllocate(file);
                disk.SyncDirectory(volumePath);
            }
        }
    }

    /// <summary>Gives it up when the disk has hardly anything left.</summary>
    public void ReleaseWhenShort()
    {
        lock (changing)
        {
            if (disk.FreeBytes(volumePath) < Bytes && disk.FileExists(path))
            {
                disk.Delete(path);
                disk.SyncDirectory(volumePath);
            }
        }
    }

    private static void TryAllocate(IDiskFile file)
    {
        try
        {
            file.Allocate(0, Bytes);
            file.Sync();
        }
        catch (IOException error) when (DiskErrors.IsNoSpace(error))
        {
            // Somebody was faster. The next opening tries again.
        }
    }
}
