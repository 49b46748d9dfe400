using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <summary>
/// Marks records as damaged: no copy any more, listed for repair, until a put replaces them. A record is marked only under its lock, after it has been read
/// again by itself and failed, so that a healed or moved one is never marked.
/// </summary>
internal sealed class Quarantine(Volume volume, SegmentWriter writer, RecordReader reader, ChunkLocks locks)
{
    /// <returns>Whether the stored copy is damaged. Where the log takes no more notes, the mark lasts until the volume is closed.</returns>
    public async Task<bool> CheckAsync(ChunkId id, CancellationToken ct)
    {
        using var held = await locks.EnterAsync(id, ct);
        if (volume.Index.Find(id) is not { } entry)
        {
            return false;
        }

        if (entry.IsDamaged)
        {
            return true;
        }

        if (await IsSoundAsync(id, entry, ct))
        {
            reader.Forget(id);
            return false;
        }

        reader.Remember(id);
        try
        {
            await writer.AppendAsync(new AppendRequest(new Note(NoteKind.Damaged, 0, 0, id)), ct);
            reader.Forget(id);
        }
        catch (BlobException error) when (error.Error == BlobError.WriterPoisoned)
        {
            // Remembered in memory: the volume is read-only, and the next opening will find it again.
        }

        return true;
    }

    private async ValueTask<bool> IsSoundAsync(ChunkId id, IndexEntry entry, CancellationToken ct)
    {
        try
        {
            using var record = await reader.ReadStoredAsync(id, entry, ct);
            return RecordCheck.IsSound(volume, record.Memory.Span);
        }
        catch (BlobException error) when (error.Error == BlobError.Damaged)
        {
            return false;
        }
    }
}
