using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
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
            await context.Retry.ExecuteAsync(async stop => await RoundAsync(run, position, sink, stop), cancellation);
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

    /// <summary>Every node once, each run starting with another one.</summary>
    private async Task RoundAsync(ChunkRun run, Position position, ChunkSink sink, CancellationToken cancellation)
    {
        var urls = links.Urls;
        var first = run.Number % urls.Count;
        var refusals = await context.Round.AskAsync(
            urls.Skip(first).Concat(urls.Take(first)),
            Patience.BriefGet,
            (url, patience) => ReadAsync(url, run, position, sink, patience, cancellation)
        );
        if (refusals is null)
        {
            return;
        }

        // A node refuses a URL of ours with 403 when it is old.
        var isExpired = refusals.Any(refusal => refusal.Status == (int)HttpStatusCode.Forbidden);
        if (isExpired)
        {
            await links.RenewAsync(urls, cancellation);
        }

        throw HttpErrors.Combine(refusals, hasFreshUrls: isExpired);
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
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Range = new RangeHeaderValue(position.Offset, run.Offset + run.Bytes - 1);
        using var response = await context.Nodes.SendAsync(request, patience, cancellation);
        if (response.Content.Headers.ContentRange?.From != position.Offset)
        {
            throw new FileShareException(ErrorTypes.UnexpectedReply, $"{url.Authority} did not answer with the range.");
        }

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
