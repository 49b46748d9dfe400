using FileSharing.Chunks;

namespace FileSharing.Client.Download;

/// <summary>Consecutive chunks of a file that one ranged request fetches.</summary>
/// <param name="Number">0 for the first run of the file; spreads the runs over the nodes.</param>
/// <param name="Offset">Byte of the file at which the first chunk starts.</param>
internal sealed record ChunkRun(int Number, long Offset, IReadOnlyList<ManifestEntry> Chunks)
{
    /// <summary>A request of this size spends most of its time on bytes, and is little to repeat.</summary>
    public const long RunBytes = 8 << 20;

    public long Bytes => Chunks.Sum(chunk => chunk.Size);

    /// <summary>All chunks of a file in order, as runs of about <see cref="RunBytes"/>; a chunk is never divided.</summary>
    public static async IAsyncEnumerable<ChunkRun> SplitAsync(IAsyncEnumerable<ManifestEntry> chunks)
    {
        var number = 0;
        long offset = 0;
        long bytes = 0;
        var run = new List<ManifestEntry>();
        await foreach (var chunk in chunks)
        {
            if (run.Count > 0 && bytes + chunk.Size > RunBytes)
            {
                yield return new ChunkRun(number++, offset, run);
                offset += bytes;
                (run, bytes) = ([], 0);
            }

            run.Add(chunk);
            bytes += chunk.Size;
        }

        if (run.Count > 0)
        {
            yield return new ChunkRun(number, offset, run);
        }
    }
}
