using FileSharing.Chunks;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Ingest;
using Microsoft.AspNetCore.Http;

namespace FileSharing.StorageNode.Endpoints;

/// <summary>
/// <c>PUT /v1/parts/{upload}/{index}</c>: a positional part from a client with no code of ours. This node cuts it, and records its list of chunks with the
/// API before it acknowledges: so a part is there whole, or not at all.
/// </summary>
internal static class PutPart
{
    public static async Task HandleAsync(HttpContext context, NodeParts node)
    {
        // 1. The right and the limits.
        var grant = UrlGate.Check(context, node);
        var (uploadId, epoch) = UrlGate.UploadOf(grant);
        IngestLimits.BoundBody(context, grant.Bytes);
        IngestLimits.RequireLength(context, grant.Bytes);
        var policy = ChunkingPolicy.Named(node.State.Secrets.ChunkingPolicy);
        using var reservation = await IngestLimits.ReserveAsync(
            context,
            node.Ingress,
            PartCutter.BytesNeeded(policy, grant.Bytes)
        );

        // 2. Cut and store.
        var body = BodyReader.Open(context.Request);
        var cutter = new PartCutter(node.Ingest, policy, epoch);
        var chunks = await cutter.StoreAsync(body, grant.Bytes, context.RequestAborted);

        // 3. The list, durably, before the answer.
        var index = grant.Index ?? 0;
        await RecordAsync(node, uploadId, index, new PartChunks(epoch, chunks), context.RequestAborted);

        var receipt = node.State.Receipts.Sign(uploadId, index, epoch, chunks, node.State.NodeId.ToString("D"));
        context.Response.StatusCode = StatusCodes.Status201Created;
        context.Response.Headers.ETag = $"\"{uploadId:D}-{index}\"";
        await Replies.WriteJsonAsync(context, receipt, WireJson.Default.Receipt);
    }

    private static async Task RecordAsync(
        NodeParts node,
        Guid uploadId,
        int index,
        PartChunks chunks,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await node.Api.RecordPartAsync(uploadId, index, chunks, cancellationToken);
        }
        catch (NodeCallException refusal)
            when (refusal.StatusCode is { } status && (int)status is 400 or 404 or 409 or 410)
        {
            throw new RequestException(
                (int)refusal.StatusCode!,
                refusal.Problem?.Type.Replace(Problem.TypePrefix, "", StringComparison.Ordinal) ?? "upload-not-open",
                refusal.Message
            );
        }
        catch (Exception error)
            when (error is HttpRequestException
                || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            )
        {
            throw new RequestException(
                StatusCodes.Status503ServiceUnavailable,
                "api-away",
                "The part is stored, but its list could not be recorded: the API cannot be reached. Send the part again; that costs no space."
            );
        }
    }
}
