using System.Runtime.CompilerServices;
using FileSharing.Chunks;
using FileSharing.Client.Upload;
using FileSharing.Client.Wire;
using Polly;

namespace FileSharing.Client;

/// <summary>What all transfers of one client share: connections, memory budgets, and the cluster's way to cut.</summary>
internal sealed class TransferContext(
    ApiConnection api,
    HttpSender nodes,
    ResiliencePipeline retry,
    FileShareClientOptions options
) : IDisposable
{
    private volatile ChunkingPolicy policy = options.ChunkingPolicy;

    public ApiConnection Api { get; } = api;

    /// <summary>Requests to signed URLs: no token travels with them.</summary>
    public HttpSender Nodes { get; } = nodes;

    /// <summary>In which order they are asked.</summary>
    public NodeRound Round { get; } = new(options.TimeProvider);

    public ResiliencePipeline Retry { get; } = retry;
    public FileShareClientOptions Options { get; } = options;

    /// <summary>Memory of chunks that wait to be asked for or sent.</summary>
    public ByteBudget ChunkBytes { get; } = new(options.ChunkBytesMax);

    /// <summary>Memory of the windows through which files are cut. A budget of its own: a window is held while chunks are waited for.</summary>
    public ByteBudget WindowBytes { get; } = new(options.ReadWindowBytesMax);

    /// <summary>One for every chunk request that is under way.</summary>
    public SemaphoreSlim ChunkSlots { get; } = new(options.ParallelChunks);

    public ChunkingPolicy Policy => policy;

    /// <summary>
    /// Takes over the policy that the server named. A file that is already being cut keeps its cuts, which is correct and shares less.
    /// </summary>
    public void LearnPolicy(string? name)
    {
        if (name is "dedup" or "large")
        {
            policy = ChunkingPolicy.Named(name);
        }
    }

    public async IAsyncEnumerable<RemoteChunk> ListChunksAsync(
        string fileId,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        string? cursor = null;
        do
        {
            var from = cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}";
            var reply = await Api.GetAsync(
                $"files/metadata/{Uri.EscapeDataString(fileId)}?chunks=true{from}",
                WireJson.Default.MetadataReply,
                cancellation
            );
            foreach (var chunk in reply.Metadata.Chunks ?? [])
            {
                yield return chunk;
            }

            cursor = reply.Metadata.NextCursor;
        } while (cursor is not null);
    }

    public void Dispose() => ChunkSlots.Dispose();
}
