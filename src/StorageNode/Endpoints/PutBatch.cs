using FileSharing.Chunks;
using FileSharing.Cluster;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Ingest;
using Microsoft.AspNetCore.Http;

namespace FileSharing.StorageNode.Endpoints;

/// <summary><c>POST /v1/chunks</c>: many small chunks in one request. Each stands for itself: one that is refused does not spoil the others.</summary>
internal static class PutBatch
{
    /// <summary>Largest body.</summary>
    public const int BodyBytesMax = 32 << 20;

    /// <summary>Encoded bytes that wait for their owners: the largest chunk's, or those of many small ones.</summary>
    private static readonly int EncodedWindowBytes = ChunkIngest.EncodedBytesMax(ChunkingPolicy.ChunkBytesMax);

    /// <summary>
    /// What a batch holds at most: one chunk as sent, the same unpacked, and the encoded ones. The length of the body says nothing of it: a few bytes
    /// of zstd may be 10 MiB.
    /// </summary>
    public static readonly long BytesNeeded = (2L * ChunkingPolicy.ChunkBytesMax) + EncodedWindowBytes;

    public static async Task HandleAsync(HttpContext context, NodeParts node)
    {
        var grant = UrlGate.Check(context, node);
        var (uploadId, epoch) = UrlGate.UploadOf(grant);
        var bytesMax = Math.Min(grant.Bytes, BodyBytesMax);
        IngestLimits.BoundBody(context, bytesMax);

        using var reservation = await IngestLimits.ReserveAsync(context, node.Ingress, BytesNeeded);
        var reply = await StoreAllAsync(context, node, uploadId, epoch, bytesMax);
        foreach (var receipt in reply.Receipts)
        {
            node.Notifications.Add(new Notification(uploadId, receipt.Index, receipt.Chunks));
        }

        await Replies.WriteJsonAsync(context, reply, WireJson.Default.BatchReply);
    }

    private static async Task<BatchReply> StoreAllAsync(
        HttpContext context,
        NodeParts node,
        Guid uploadId,
        uint epoch,
        long bytesMax
    )
    {
        var receipts = new List<Receipt>();
        var failed = new List<BatchFailure>();
        var encoded = 0L;
        var writing = new Queue<(ChunkFrame Frame, Task<bool> Write)>();
        try
        {
            await ReceiveAllAsync();
            while (writing.Count > 0)
            {
                await FinishOldestAsync();
            }

            return new BatchReply(receipts, failed);
        }
        finally
        {
            // After a failure too: their buffers are what the caller has reserved memory for.
            await Task.WhenAll(writing.Select(next => (Task)next.Write))
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task ReceiveAllAsync()
        {
            var reader = new ChunkBatchReader(context.Request.BodyReader, node.Buffers, bytesMax);
            while (await reader.ReadAsync(context.RequestAborted) is var (frame, plain))
            {
                if (plain is null)
                {
                    failed.Add(
                        new BatchFailure(
                            frame.Index,
                            Problem.TypePrefix + "wrong-digest",
                            "Length or SHA-256 is not what the frame says. Send the chunk again."
                        )
                    );
                    continue;
                }

                using (plain)
                {
                    var encodedBytes = ChunkIngest.EncodedBytesMax(frame.PlainBytes);
                    while (encoded + encodedBytes > EncodedWindowBytes && writing.Count > 0)
                    {
                        await FinishOldestAsync();
                    }

                    encoded += encodedBytes;
                    writing.Enqueue(
                        (
                            frame,
                            node.Ingest.StoreAsync(
                                RecordKind.Chunk,
                                frame.Id,
                                plain.GetSpan(),
                                epoch,
                                released: null,
                                context.RequestAborted
                            )
                        )
                    );
                }
            }
        }

        async Task FinishOldestAsync()
        {
            var (frame, write) = writing.Peek();
            try
            {
                await write;
                receipts.Add(
                    node.State.Receipts.Sign(
                        uploadId,
                        frame.Index,
                        epoch,
                        [new ChunkSize(frame.Id, frame.PlainBytes)],
                        node.State.NodeId.ToString("D")
                    )
                );
            }
            catch (ReplicaWriteException error)
            {
                var problem = Problems.For(error);
                failed.Add(new BatchFailure(frame.Index, Problem.TypePrefix + problem.Type, problem.Message));
            }

            writing.Dequeue();
            encoded -= ChunkIngest.EncodedBytesMax(frame.PlainBytes);
        }
    }
}
