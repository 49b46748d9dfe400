using System.Globalization;
using System.Text;
using FileSharing.Chunks;
using FileSharing.Cluster.Transport;
using FileSharing.StorageNode.Ingest;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace FileSharing.StorageNode.Endpoints.Internal;

/// <summary>Calls to the node as a whole: manifests, notifications, watch.</summary>
internal static class NodeCalls
{
    /// <summary><c>PUT /internal/v1/manifests/{id}</c>. Only the API writes manifests: a client has no URL that makes one.</summary>
    public static async Task PutManifestAsync(HttpContext context, ChunkId id, uint epoch, NodeParts node)
    {
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize =
            ChunkingPolicy.ChunkBytesMax;
        if (context.Request.ContentLength is not (> 0 and <= ChunkingPolicy.ChunkBytesMax))
        {
            throw IngestLimits.TooLarge(ChunkingPolicy.ChunkBytesMax);
        }

        var length = (int)context.Request.ContentLength.Value;
        // Not from the peers' pool: this waits for other nodes, whose records need that pool here, as ours need theirs.
        using var reservation = await IngestLimits.ReserveAsync(
            context,
            node.Ingress,
            length + ChunkIngest.EncodedBytesMax(length)
        );
        using var body = node.Ingest.Rent(length);
        var received = await BodyReader.FillAsync(
            context.Request.BodyReader,
            body.Memory,
            hash: null,
            context.RequestAborted
        );
        if (received != length || Manifest.IdOf(body.GetSpan()) != id)
        {
            throw new RequestException(
                StatusCodes.Status400BadRequest,
                "wrong-digest",
                "The body is not the manifest of this id."
            );
        }

        var wasNew = await node.Ingest.StoreAsync(
            RecordKind.Manifest,
            id,
            body.GetSpan(),
            epoch,
            released: null,
            context.RequestAborted
        );
        context.Response.StatusCode = wasNew ? StatusCodes.Status201Created : StatusCodes.Status200OK;
    }

    /// <summary><c>POST /internal/v1/notifications/flush</c></summary>
    public static async Task FlushAsync(HttpContext context, NodeParts node)
    {
        await node.Notifications.FlushAsync(context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary><c>GET /internal/v1/watch</c>: a line every quarter of a second until someone stops.</summary>
    public static async Task WatchAsync(HttpContext context, NodeParts node)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, node.Stopping);
        context.Response.ContentType = "text/plain";
        try
        {
            while (true)
            {
                var version = (node.State.Map.Current?.Version ?? 0).ToString(CultureInfo.InvariantCulture);
                await context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes(version + "\n"), ending.Token);
                await context.Response.Body.FlushAsync(ending.Token);
                await Task.Delay(NodeWatch.BeatInterval, node.Time, ending.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The end of the connection is the message.
        }
    }
}
