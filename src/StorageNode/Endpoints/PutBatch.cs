using System.Buffers.Binary;
using System.IO.Pipelines;
using FileSharing.Chunks;
using FileSharing.Cluster;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Wire;
using FileSharing.Native.Zstd;
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

    private const int HeadBytes = 4 + 4 + ChunkId.Bytes + 4 + 4;

    private sealed record Frame(int Index, int PlainBytes, ChunkId Id, bool IsZstd, int BodyBytes);

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
        var body = context.Request.BodyReader;
        var head = new byte[HeadBytes];
        var receipts = new List<Receipt>();
        var failed = new List<BatchFailure>();
        var encoded = 0L;
        var writing = new Queue<(Frame Frame, Task<bool> Write)>();
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
            long received = 0;
            while (await BodyReader.FillAsync(body, head, hash: null, context.RequestAborted) is var filled and > 0)
            {
                var frame = filled == HeadBytes ? Parse(head) : throw Malformed("the body ends inside a frame");
                received += HeadBytes + frame.BodyBytes;
                if (received > bytesMax)
                {
                    throw IngestLimits.TooLarge(bytesMax);
                }

                if (await ReceiveAsync(body, node, frame, context.RequestAborted) is not { } plain)
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

    /// <returns>The plaintext, or null when it is not what the frame says: then the frame has been read to its end.</returns>
    private static async Task<BlobEngine.PooledBuffer?> ReceiveAsync(
        PipeReader body,
        NodeParts node,
        Frame frame,
        CancellationToken cancellationToken
    )
    {
        var sent = node.Ingest.Rent(frame.BodyBytes);
        BlobEngine.PooledBuffer? plain = null;
        try
        {
            if (await BodyReader.FillAsync(body, sent.Memory, hash: null, cancellationToken) < frame.BodyBytes)
            {
                throw Malformed("the body ends inside a frame");
            }

            plain = frame.IsZstd ? Unpack(node, sent, frame.PlainBytes) : sent.AddReference();
            if (plain is not null && plain.Length == frame.PlainBytes && ChunkId.OfChunk(plain.GetSpan()) == frame.Id)
            {
                return plain;
            }

            plain?.Dispose();
            return null;
        }
        finally
        {
            sent.Dispose();
        }
    }

    private static BlobEngine.PooledBuffer? Unpack(NodeParts node, BlobEngine.PooledBuffer sent, int plainBytes)
    {
        var plain = node.Ingest.Rent(plainBytes);
        try
        {
            using var decompressor = new Decompressor();
            if (decompressor.Decompress(sent.GetSpan(), plain.GetSpan()) == plainBytes)
            {
                return plain;
            }
        }
        catch (InvalidDataException)
        {
            // Answered as the frame's own failure.
        }

        plain.Dispose();
        return null;
    }

    private static Frame Parse(ReadOnlySpan<byte> head)
    {
        var frame = new Frame(
            BinaryPrimitives.ReadInt32LittleEndian(head),
            BinaryPrimitives.ReadInt32LittleEndian(head[4..]),
            new ChunkId(head.Slice(8, ChunkId.Bytes)),
            head[8 + ChunkId.Bytes] == 1,
            BinaryPrimitives.ReadInt32LittleEndian(head[(12 + ChunkId.Bytes)..])
        );
        var isValid =
            frame.Index >= 0
            && frame.PlainBytes is > 0 and <= ChunkingPolicy.ChunkBytesMax
            && head[8 + ChunkId.Bytes] <= 1
            && frame.BodyBytes > 0
            && (frame.IsZstd ? frame.BodyBytes <= frame.PlainBytes : frame.BodyBytes == frame.PlainBytes);
        return isValid ? frame : throw Malformed("a frame's head makes no sense");
    }

    private static RequestException Malformed(string what) =>
        new(
            StatusCodes.Status400BadRequest,
            "bad-frame",
            $"The batch is malformed: {what}. Frames before it may have been stored; send the rest again."
        );
}
