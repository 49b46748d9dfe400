using FileSharing.Client.Wire;

namespace FileSharing.Client.Upload;

/// <summary>Chunks that the server is asked about in one request; owns their memory until they are taken out.</summary>
internal sealed class ChunkBatch(long bytesMax) : IDisposable
{
    /// <summary>Chunks a request, as the API limits it.</summary>
    public const int ChunksMax = 1_000;

    private readonly List<CutChunk> chunks = [];
    private long bytes;

    /// <summary>True when the file ends with this batch.</summary>
    public bool IsLast { get; set; }

    public bool IsFull => chunks.Count == ChunksMax || bytes >= bytesMax;

    public IReadOnlyList<CutChunk> Chunks => chunks;

    public UploadChunk[] Listed => [.. chunks.Select(chunk => new UploadChunk(chunk.Id, chunk.Size))];

    public void Add(CutChunk chunk)
    {
        chunks.Add(chunk);
        bytes += chunk.Size;
    }

    public void Dispose()
    {
        foreach (var chunk in chunks)
        {
            chunk.Dispose();
        }
    }
}
