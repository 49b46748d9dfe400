using System.Runtime.CompilerServices;
using FileSharing.Chunks;

namespace FileSharing.StorageNode.Downloads;

/// <summary>A stretch of one chunk.</summary>
internal readonly record struct Piece(ChunkId Id, int Offset, int Length);

/// <summary>Finds which chunks a range of a file consists of.</summary>
internal sealed class ContentPieces(ManifestCache manifests)
{
    /// <param name="length">The range lies within the content; the caller has checked it against the size that the URL vouches for.</param>
    public IAsyncEnumerable<Piece> Of(
        ChunkId content,
        RecordKind kind,
        long offset,
        long length,
        CancellationToken cancellationToken
    ) =>
        kind == RecordKind.Manifest
            ? OfManifestAsync(content, Manifest.LevelMax + 1, offset, length, cancellationToken)
            : OfChunk(content, offset, length);

    private static async IAsyncEnumerable<Piece> OfChunk(ChunkId id, long offset, long length)
    {
        await Task.CompletedTask;
        yield return new Piece(id, checked((int)offset), checked((int)length));
    }

    private async IAsyncEnumerable<Piece> OfManifestAsync(
        ChunkId id,
        int levelBelow,
        long offset,
        long length,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var indexed = await manifests.GetAsync(id, cancellationToken);
        var manifest = indexed.Manifest;
        if (manifest.Level >= levelBelow || offset + length > manifest.Size)
        {
            throw new InvalidDataException($"Manifest {id} does not hold the range that was asked for.");
        }

        for (var entry = length > 0 ? indexed.Find(offset) : manifest.Entries.Count; length > 0; entry++)
        {
            var within = offset - indexed.StartOf(entry);
            var taken = Math.Min(length, manifest.Entries[entry].Size - within);
            if (manifest.Level == 0)
            {
                yield return new Piece(manifest.Entries[entry].Id, (int)within, (int)taken);
            }
            else
            {
                await foreach (
                    var piece in OfManifestAsync(
                        manifest.Entries[entry].Id,
                        manifest.Level,
                        within,
                        taken,
                        cancellationToken
                    )
                )
                {
                    yield return piece;
                }
            }

            offset += taken;
            length -= taken;
        }
    }
}
