using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using FileSharing.Chunks;
using FileSharing.Client.Wire;

namespace FileSharing.Client.Upload;

/// <summary>
/// One file on its way up: cut, hash, ask and send overlap. The bytes of a chunk stay in memory from the cut to the receipt instead of being
/// read again: a file is read once, standard input needs no other path, and what is sent is what was hashed even when the file changes
/// underneath. The client's budget bounds that memory.
/// </summary>
internal sealed class FileUpload(TransferContext context, UploadTarget target, ProgressCounter progress)
{
    /// <summary>Batches that are hashed and not yet asked about, besides the one that is being cut.</summary>
    private const int BatchesAhead = 1;

    /// <summary>A last look at the source when all of it is sent: by throwing it keeps the upload from becoming visible.</summary>
    public Action BeforeCommit { get; init; } = () => { };

    private readonly List<Task> sends = [];
    private Exception? failure;
    private long bytesSent;
    private int nextIndex;

    /// <exception cref="FileShareException">The source had not <paramref name="size"/> bytes, or a node or the server refused.</exception>
    public async Task<UploadResult> RunAsync(Stream source, long size, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var batches = Channel.CreateBounded<ChunkBatch>(BatchesAhead);
        using var cutter = new BatchCutter(context, source, size);
        var cutting = Task.Run(() => cutter.RunAsync(batches.Writer, stop.Token), CancellationToken.None);
        UploadSession? session = null;
        try
        {
            var first = await batches.Reader.ReadAsync(stop.Token);
            session = await OpenAsync(first, size, stop);
            await foreach (var batch in batches.Reader.ReadAllAsync(stop.Token))
            {
                await AddAsync(session, batch, stop);
            }

            await Task.WhenAll(sends);
            stop.Token.ThrowIfCancellationRequested();
            BeforeCommit();
            return await CompleteAsync(session, size, cancellation);
        }
        catch (Exception e)
        {
            await stop.CancelAsync();
            // A failed send cancels the rest: its error is the cause, the cancellation only follows from it.
            var cause = e is OperationCanceledException && !cancellation.IsCancellationRequested ? failure : null;
            ExceptionDispatchInfo.Throw(cause ?? (e as ChannelClosedException)?.InnerException ?? e);
            throw;
        }
        finally
        {
            // After an end of any kind nothing runs on and no memory stays taken.
            await cutting;
            DropAll(batches.Reader);
            await Task.WhenAll(sends);
            session?.Dispose();
        }
    }

    /// <summary>A file that ends in the first batch is listed at once; a longer one opens empty and is listed batch by batch.</summary>
    private async Task<UploadSession> OpenAsync(ChunkBatch first, long size, CancellationTokenSource stop)
    {
        var request = new UploadRequest
        {
            Metadata = new UploadMetadata(target.Name, size, target.Type, OnlyChunk(first)),
            ParentId = target.ParentId == FileShareClient.RootFolderId ? null : target.ParentId,
            FileId = target.FileId,
            Chunks = first.IsLast ? first.Listed : [],
            More = first.IsLast ? null : true,
        };
        try
        {
            var (session, reply) = await UploadSession.OpenAsync(context.Api, request, stop.Token);
            context.LearnPolicy(reply.ChunkingPolicy);
            if (first.IsLast)
            {
                Start(session, first, reply, stop);
            }
            else
            {
                await AddAsync(session, first, stop);
            }

            return session;
        }
        catch
        {
            first.Dispose();
            throw;
        }
    }

    /// <summary>The id of a file's only chunk is the SHA-256 of the file.</summary>
    private static string? OnlyChunk(ChunkBatch first) =>
        first is { IsLast: true, Chunks: [var only] } ? only.Id.ToString() : null;

    private async Task AddAsync(UploadSession session, ChunkBatch batch, CancellationTokenSource stop)
    {
        try
        {
            var reply = await session.AddAsync(new AddChunksRequest(batch.Listed, batch.IsLast), stop.Token);
            Start(session, batch, reply, stop);
        }
        catch
        {
            batch.Dispose();
            throw;
        }
    }

    /// <summary>Sends what is wanted in the background; the reply must name exactly the chunks of the batch, in order.</summary>
    private void Start(UploadSession session, ChunkBatch batch, UploadReply reply, CancellationTokenSource stop)
    {
        CheckParts(batch, reply);
        nextIndex += batch.Chunks.Count;
        var sender = new ChunkSender(context, session);
        var sending = new HashSet<ChunkId>();
        sends.RemoveAll(send => send.IsCompletedSuccessfully);
        foreach (var (chunk, part) in batch.Chunks.Zip(reply.Parts))
        {
            // One put proves a chunk wherever the session lists it.
            if (part.IsWanted && sending.Add(chunk.Id))
            {
                sends.Add(SendAsync(sender, chunk, part, stop));
            }
            else
            {
                progress.AlreadyThere(chunk.Size);
                chunk.Dispose();
            }
        }
    }

    private void CheckParts(ChunkBatch batch, UploadReply reply)
    {
        var agrees =
            reply.Parts.Count == batch.Chunks.Count
            && batch
                .Chunks.Zip(reply.Parts)
                .All(pair => pair.First.Index == pair.Second.Index && pair.First.Id == pair.Second.ChunkId);
        if (!agrees)
        {
            throw new FileShareException(
                ErrorTypes.UnexpectedReply,
                $"The server's list of chunks differs from ours at part {nextIndex} or after; upload the file again."
            );
        }
    }

    private async Task SendAsync(ChunkSender sender, CutChunk chunk, UploadPart part, CancellationTokenSource stop)
    {
        try
        {
            await context.ChunkSlots.WaitAsync(stop.Token);
            try
            {
                await sender.SendAsync(chunk, part, stop.Token);
            }
            finally
            {
                context.ChunkSlots.Release();
            }

            Interlocked.Add(ref bytesSent, chunk.Size);
            progress.Moved(chunk.Size);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Something else failed first, and says so.
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref failure, e, null);
            await stop.CancelAsync();
        }
        finally
        {
            chunk.Dispose();
        }
    }

    private async Task<UploadResult> CompleteAsync(UploadSession session, long size, CancellationToken cancellation)
    {
        var reply = await session.CompleteAsync(cancellation);
        if (reply.Size != size)
        {
            throw new FileShareException(
                ErrorTypes.UnexpectedReply,
                $"The server completed a file of {reply.Size} bytes instead of {size}; upload it again."
            );
        }

        progress.FileDone();
        return new UploadResult(reply.FileId, reply.VersionId, reply.Size, bytesSent);
    }

    private static void DropAll(ChannelReader<ChunkBatch> batches)
    {
        while (batches.TryRead(out var batch))
        {
            batch.Dispose();
        }
    }
}
