using System.IO.Pipelines;
using FileSharing.Chunks;
using FileSharing.Cluster.Signing;
using FileSharing.StorageNode.Endpoints;

namespace FileSharing.StorageNode.Ingest;

/// <summary>
/// Cuts a stream of known length into chunks and stores them while it comes in. Memory is a window of two largest chunks and a bounded number of
/// encoded bytes, whatever the stream's length.
/// </summary>
internal sealed class PartCutter(ChunkIngest ingest, ChunkingPolicy policy, uint epoch)
{
    private readonly Chunker chunker = new(policy);
    private readonly List<Task<bool>> writing = [];

    /// <summary>In these the room for encoded bytes is counted.</summary>
    private const int UnitBytes = 64 << 10;

    /// <summary>What a chunk takes encoded, rounded up: so the encoded bytes are never more than was reserved for them.</summary>
    private static int Units(int plainBytes) => ((ChunkIngest.EncodedBytesMax(plainBytes) - 1) / UnitBytes) + 1;

    /// <summary>Room for encoded bytes: one largest chunk that waits for its owners, and one being encoded.</summary>
    private static int EncodedWindowUnits(ChunkingPolicy policy) => 2 * Units(policy.BytesMax);

    private static int PlainWindowBytes(ChunkingPolicy policy) => Math.Min(2 * policy.BytesMax, 16 << 20);

    /// <summary>What <see cref="StoreAsync"/> holds at most.</summary>
    public static long BytesNeeded(ChunkingPolicy policy, long length) =>
        length <= policy.BytesMax
            ? length
                + ChunkIngest.EncodedBytesMax((int)length)
                // It may become several chunks, and each has a header, tags and a trailer.
                + (length / policy.BytesMin * ChunkIngest.EncodedBytesMax(1))
            : PlainWindowBytes(policy) + ((long)EncodedWindowUnits(policy) * UnitBytes);

    /// <returns>The chunks in order; every one is durable on two owners.</returns>
    /// <exception cref="RequestException">400 fewer bytes than announced, 413 more.</exception>
    public async Task<IReadOnlyList<ChunkSize>> StoreAsync(
        PipeReader body,
        long length,
        CancellationToken cancellationToken
    )
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // Lives until the last write has given its room back, which is after the cutting.
        using var encodedRoom = new SemaphoreSlim(EncodedWindowUnits(policy));
        try
        {
            var chunks = await CutAsync(body, length, encodedRoom, giveUp.Token);
            await Task.WhenAll(writing);
            return chunks;
        }
        catch
        {
            await giveUp.CancelAsync();
            await Task.WhenAll((IEnumerable<Task>)writing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    private async Task<List<ChunkSize>> CutAsync(
        PipeReader body,
        long length,
        SemaphoreSlim encodedRoom,
        CancellationToken cancellationToken
    )
    {
        var chunks = new List<ChunkSize>();
        using var window = ingest.Rent((int)Math.Min(PlainWindowBytes(policy), length));
        var memory = window.Memory;
        var (start, end, received) = (0, 0, 0L);
        while (true)
        {
            var wanted = (int)Math.Min(memory.Length - end, length - received);
            var filled = await BodyReader.FillAsync(body, memory.Slice(end, wanted), hash: null, cancellationToken);
            end += filled;
            received += filled;
            if (filled < wanted)
            {
                throw IngestLimits.WrongLength(length, received);
            }

            // A cut needs the largest chunk in view, or the end of the part.
            while (end - start >= policy.BytesMax || (received == length && end > start))
            {
                var size = chunker.Cut(memory.Span[start..end]);
                chunks.Add(await StoreChunkAsync(memory.Slice(start, size), encodedRoom, cancellationToken));
                start += size;
            }

            if (received == length)
            {
                return await BodyReader.IsAtEndAsync(body, cancellationToken)
                    ? chunks
                    : throw IngestLimits.TooLarge(length);
            }

            memory[start..end].CopyTo(memory);
            (start, end) = (0, end - start);
        }
    }

    private async Task<ChunkSize> StoreChunkAsync(
        ReadOnlyMemory<byte> plain,
        SemaphoreSlim encodedRoom,
        CancellationToken cancellationToken
    )
    {
        var units = Units(plain.Length);
        for (var unit = 0; unit < units; unit++)
        {
            await encodedRoom.WaitAsync(cancellationToken);
        }

        // A write that failed ends the part here, not after the rest of the body.
        for (var i = writing.Count - 1; i >= 0; i--)
        {
            if (writing[i].IsCompleted)
            {
                await writing[i];
                writing.RemoveAt(i);
            }
        }

        var id = ChunkId.OfChunk(plain.Span);
        writing.Add(
            StoreAndReleaseAsync(
                ingest.StoreAsync(RecordKind.Chunk, id, plain.Span, epoch, released: null, cancellationToken)
            )
        );
        return new ChunkSize(id, plain.Length);

        async Task<bool> StoreAndReleaseAsync(Task<bool> store)
        {
            try
            {
                return await store;
            }
            finally
            {
                encodedRoom.Release(units);
            }
        }
    }
}
