using System.Security.Cryptography;
using FileSharing.Chunks;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Ingest;
using Microsoft.AspNetCore.Http;

namespace FileSharing.StorageNode.Endpoints;

/// <summary><c>PUT /v1/chunks/{id}</c>: one chunk, named by its SHA-256.</summary>
internal static class PutChunk
{
    public static async Task HandleAsync(HttpContext context, ChunkId id, NodeParts node)
    {
        // 1. The right, and the limits that come with it.
        var grant = UrlGate.Check(context, node);
        var (uploadId, epoch) = UrlGate.UploadOf(grant);
        var length = checked((int)grant.Bytes);
        IngestLimits.BoundBody(context, length);
        IngestLimits.RequireLength(context, length);
        using var reservation = await IngestLimits.ReserveAsync(
            context,
            node.Ingress,
            length + ChunkIngest.EncodedBytesMax(length)
        );

        // 2. Receive, hash, compare.
        using var plain = node.Ingest.Rent(length);
        await ReceiveAsync(context, plain.Memory, id);

        // 3. Two durable copies.
        var wasNew = await node.Ingest.StoreAsync(
            RecordKind.Chunk,
            id,
            plain.GetSpan(),
            epoch,
            released: null,
            context.RequestAborted
        );

        // 4. Tell the client and the API.
        var chunks = new[] { new ChunkSize(id, length) };
        var index = grant.Index ?? 0;
        node.Notifications.Add(new Notification(uploadId, index, chunks));
        var receipt = node.State.Receipts.Sign(uploadId, index, epoch, chunks, node.State.NodeId.ToString("D"));
        context.Response.StatusCode = wasNew ? StatusCodes.Status201Created : StatusCodes.Status200OK;
        context.Response.Headers.ETag = $"\"{id}\"";
        await Replies.WriteJsonAsync(context, receipt, WireJson.Default.Receipt);
    }

    private static async ValueTask ReceiveAsync(HttpContext context, Memory<byte> plain, ChunkId id)
    {
        var body = BodyReader.Open(context.Request);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var received = await BodyReader.FillAsync(body, plain, hash, context.RequestAborted);
        if (received < plain.Length)
        {
            throw IngestLimits.WrongLength(plain.Length, received);
        }

        if (!await BodyReader.IsAtEndAsync(body, context.RequestAborted))
        {
            throw IngestLimits.TooLarge(plain.Length);
        }

        if (Digest(hash) != id)
        {
            throw new RequestException(
                StatusCodes.Status400BadRequest,
                "wrong-digest",
                "The SHA-256 of the body is not the chunk's id. Nothing was stored; send the bytes that the id was made of."
            );
        }
    }

    private static ChunkId Digest(IncrementalHash hash)
    {
        Span<byte> digest = stackalloc byte[ChunkId.Bytes];
        hash.GetHashAndReset(digest);
        return new ChunkId(digest);
    }
}
