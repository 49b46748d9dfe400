using System.Buffers;
using FileSharing.Chunks;

namespace FileSharing.Client.Download;

/// <summary>Takes verified bytes at their offset in the file.</summary>
internal delegate ValueTask ChunkSink(long offset, ReadOnlyMemory<byte> chunk, CancellationToken cancellation);

/// <summary>
/// Fetches a run of chunks from whichever node delivers it, and hands on only chunks that match their SHA-256. Another attempt goes on behind the
/// last verified chunk.
/// </summary>
internal sealed class RunFetcher(TransferContext context, DownloadLinks links)
{
    /// <exception cref="FileShareException"><see cref="ErrorTypes.DamagedBytes"/>: every node delivered a chunk that is not what it should be.</exception>
    public async Task FetchAsync(ChunkRun run, ChunkSink sink, CancellationToken cancellation)
    {
        var position = new Position(run.Offset);
        await context.ChunkSlots.WaitAsync(cancellation);
        try
        {
            // Each run starts with another node.
            await context.Retry.ExecuteAsync(
                async stop =>
                    await links.AskNodesAsync(
                        run.Number,
                        (url, patience) => ReadAsync(url, run, position, sink, patience, stop),
                        stop
                    ),
                cancellation
            );
        }
        finally
        {
            context.ChunkSlots.Release();
        }
    }

    /// <summary>How far the run is; moves over verified chunks only.</summary>
    private sealed class Position(long offset)
    {
        public int Chunk { get; set; }
        public long Offset { get; set; } = offset;
    }

    private async Task ReadAsync(
        Uri url,
        ChunkRun run,
        Position position,
        ChunkSink sink,
        Patience patience,
        CancellationToken cancellation
    )
    {
        var last = run.Offset + run.Bytes - 1;
        using var response = await links.OpenRangeAsync(url, position.Offset, last, patience, cancellation);
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        for (; position.Chunk < run.Chunks.Count; position.Chunk++)
        {
            var chunk = run.Chunks[position.Chunk];
            await ReadChunkAsync(url, body, chunk, position.Offset, sink, patience, cancellation);
            position.Offset += chunk.Size;
        }
    }

    private async Task ReadChunkAsync(
        Uri url,
        Stream body,
        ManifestEntry chunk,
        long offset,
        ChunkSink sink,
        Patience patience,
        CancellationToken cancellation
    )
    {
        var size = checked((int)chunk.Size);
        var buffer = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            var plaintext = buffer.AsMemory(0, size);
            await context.Nodes.ReadExactlyAsync(url, body, plaintext, patience, cancellation);
            if (ChunkId.OfChunk(plaintext.Span) != chunk.Id)
            {
                throw new FileShareException(
                    ErrorTypes.DamagedBytes,
                    $"Bytes {offset}-{offset + size - 1} of {links.Metadata.Name} are damaged: {url.Authority} sent others than were stored."
                );
            }

            await sink(offset, plaintext, cancellation);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
