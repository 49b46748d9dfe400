using System.IO.Pipelines;
using FileSharing.Chunks;
using FileSharing.Cluster;

namespace FileSharing.StorageNode.Downloads;

/// <summary>
/// Streams a range of a file: chunk by chunk from the local volume, fetching the next remote chunk while this one is sent. Memory is one slice and at most two
/// records, whatever the range.
/// </summary>
internal sealed class ContentStreamer(ContentReader reader, ContentPieces pieces)
{
    /// <summary>What is decoded before it is handed to the connection: some blocks, so that decoding and sending overlap.</summary>
    private const int SliceBytes = 512 << 10;

    /// <exception cref="IOException">No good copy of a chunk: what was written before is right, the rest is missing.</exception>
    public async Task WriteAsync(
        ChunkId content,
        RecordKind kind,
        long offset,
        long length,
        PipeWriter destination,
        CancellationToken cancellationToken
    )
    {
        RecordAhead? fetching = null;
        try
        {
            await using var upcoming = pieces
                .Of(content, kind, offset, length, cancellationToken)
                .GetAsyncEnumerator(cancellationToken);
            var more = await upcoming.MoveNextAsync();
            fetching = more ? FetchAhead(upcoming.Current, cancellationToken) : null;
            while (more)
            {
                var piece = upcoming.Current;
                var record = fetching is null ? null : await fetching.Record;
                more = await upcoming.MoveNextAsync();
                fetching = more ? FetchAhead(upcoming.Current, cancellationToken) : null;
                using (record)
                {
                    await WritePieceAsync(piece, record, destination, cancellationToken);
                }
            }
        }
        finally
        {
            if (fetching is not null)
            {
                await DropAsync(fetching.Record);
            }
        }
    }

    /// <summary>A record on its way from another node.</summary>
    private sealed record RecordAhead(Task<RecordLease> Record);

    private RecordAhead? FetchAhead(Piece piece, CancellationToken cancellationToken) =>
        reader.IsLocal(piece.Id, out var tried)
            ? null
            : new RecordAhead(reader.FetchAsync(piece.Id, tried, cancellationToken).AsTask());

    private async Task WritePieceAsync(
        Piece piece,
        RecordLease? record,
        PipeWriter destination,
        CancellationToken cancellationToken
    )
    {
        for (var done = 0; done < piece.Length; )
        {
            // Slices end on block borders, so that no block is opened twice.
            var at = piece.Offset + done;
            var slice = Math.Min(SliceBytes - (at % SliceBytes), piece.Length - done);
            if (record is null)
            {
                await reader.ReadAsync(piece.Id, RecordKind.Chunk, at, slice, destination, cancellationToken);
            }
            else
            {
                reader.Decode(record, piece.Id, RecordKind.Chunk, at, slice, destination);
            }

            await destination.FlushAsync(cancellationToken);
            done += slice;
        }
    }

    private static async Task DropAsync(Task<RecordLease> fetching)
    {
        try
        {
            (await fetching).Dispose();
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // What was read ahead is not wanted any more; why it failed does not matter.
        }
    }
}
