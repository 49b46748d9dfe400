using System.Threading.Channels;

namespace FileSharing.Client.Upload;

/// <summary>
/// Cuts and hashes a source into batches, ahead of what is asked and sent. Before it waits for memory it hands over what it holds: only chunks
/// that are on their way hold memory while somebody waits for it, so no wait can be circular.
/// </summary>
internal sealed class BatchCutter(TransferContext context, Stream source, long size) : IDisposable
{
    /// <summary>Sending starts when this much is hashed; a file that ends before needs one question only.</summary>
    private const long FirstBatchBytes = 8 << 20;

    /// <summary>About 32 chunks: one question for so many costs next to nothing, and waiting for more would delay the first send.</summary>
    private const long BatchBytes = 32 << 20;

    private ChunkBatch batch = new(FirstBatchBytes);

    /// <summary>Completes the channel, with the error if there was one; what was handed over belongs to its reader.</summary>
    public async Task RunAsync(ChannelWriter<ChunkBatch> output, CancellationToken cancellation)
    {
        var windowBytes = ChunkReader.WindowBytes(context.Policy, size);
        try
        {
            await context.WindowBytes.TakeAsync(windowBytes, cancellation);
            try
            {
                await CutAsync(windowBytes, output, cancellation);
            }
            finally
            {
                context.WindowBytes.Give(windowBytes);
            }

            output.Complete();
        }
        catch (Exception e)
        {
            output.Complete(e);
        }
    }

    public void Dispose() => batch.Dispose();

    private async Task CutAsync(int windowBytes, ChannelWriter<ChunkBatch> output, CancellationToken cancellation)
    {
        using var reader = new ChunkReader(source, context.Policy, windowBytes);
        for (var index = 0; ; index++)
        {
            var plaintext = await reader.NextAsync(cancellation);
            if (plaintext.IsEmpty || reader.BytesGiven > size)
            {
                break;
            }

            if (batch.IsFull || !context.ChunkBytes.TryTake(plaintext.Length))
            {
                await HandOverAsync(output, cancellation);
                await context.ChunkBytes.TakeAsync(plaintext.Length, cancellation);
            }

            batch.Add(new CutChunk(index, plaintext.Span, context.ChunkBytes));
        }

        if (reader.BytesGiven != size)
        {
            throw new FileShareException(
                ErrorTypes.SourceChanged,
                $"The source had {size} bytes at first and {(reader.BytesGiven > size ? "more" : $"{reader.BytesGiven}")} when it was read; upload it again when it is at rest."
            );
        }

        batch.IsLast = true;
        await HandOverAsync(output, cancellation);
    }

    private async Task HandOverAsync(ChannelWriter<ChunkBatch> output, CancellationToken cancellation)
    {
        if (batch.Chunks.Count > 0 || batch.IsLast)
        {
            await output.WriteAsync(batch, cancellation);
            batch = new ChunkBatch(BatchBytes);
        }
    }
}
