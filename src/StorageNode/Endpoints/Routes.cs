using FileSharing.Chunks;
using FileSharing.StorageNode.Downloads;
using FileSharing.StorageNode.Endpoints.Internal;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace FileSharing.StorageNode.Endpoints;

/// <summary>Everything that a storage node answers to: docs/node-protocol.md, sections 2 and 3.</summary>
internal static class Routes
{
    private static readonly string[] Read = [HttpMethods.Get, HttpMethods.Head];

    public static void Map(
        IEndpointRouteBuilder routes,
        NodeParts node,
        ContentStreamer streamer,
        ManifestCache manifests
    )
    {
        // For clients, by signed URL.
        routes.MapPut("/v1/chunks/{id}", (HttpContext context, ChunkId id) => PutChunk.HandleAsync(context, id, node));
        routes.MapPost("/v1/chunks", (HttpContext context) => PutBatch.HandleAsync(context, node));
        routes.MapPut(
            "/v1/parts/{upload:guid}/{index:int}",
            (HttpContext context) => PutPart.HandleAsync(context, node)
        );
        routes.MapMethods(
            "/v1/chunks/{id}",
            Read,
            (HttpContext context, ChunkId id) => GetContent.HandleAsync(context, id, node, streamer, manifests)
        );
        routes.MapMethods(
            "/v1/files/{id}",
            Read,
            (HttpContext context, ChunkId id) => GetContent.HandleAsync(context, id, node, streamer, manifests)
        );

        // For processes of the cluster, by MAC.
        var volumes = routes.MapGroup("/internal/v1/volumes/{volume:guid}");
        volumes.MapPost(
            "/records",
            (HttpContext context, Guid volume) => PutRecords.HandleAsync(context, volume, node)
        );
        volumes.MapGet(
            "/records/{id}",
            (HttpContext context, Guid volume, ChunkId id) => GetRecord.HandleAsync(context, volume, id, node)
        );
        volumes.MapPost("/adopt", (HttpContext context, Guid volume) => VolumeCalls.AdoptAsync(context, volume, node));
        volumes.MapPost("/has", (HttpContext context, Guid volume) => VolumeCalls.HasAsync(context, volume, node));
        volumes.MapPost(
            "/digests",
            (HttpContext context, Guid volume) => RangeCalls.DigestsAsync(context, volume, node)
        );
        volumes.MapPost(
            "/challenge",
            (HttpContext context, Guid volume) => RangeCalls.ProveAsync(context, volume, node)
        );
        volumes.MapPost("/list", (HttpContext context, Guid volume) => RangeCalls.ListAsync(context, volume, node));
        volumes.MapPost("/scrub", (HttpContext context, Guid volume) => ScrubCalls.AskAsync(context, volume, node));
        volumes.MapGet("/scrub", (HttpContext context, Guid volume) => ScrubCalls.GetAsync(context, volume, node));
        routes.MapPut(
            "/internal/v1/manifests/{id}",
            (HttpContext context, ChunkId id, uint epoch) => NodeCalls.PutManifestAsync(context, id, epoch, node)
        );
        routes.MapPost(
            "/internal/v1/notifications/flush",
            (HttpContext context) => NodeCalls.FlushAsync(context, node)
        );
        routes.MapGet("/internal/v1/status", (HttpContext context) => StatusCall.HandleAsync(context, node));
        routes.MapGet("/internal/v1/watch", (HttpContext context) => NodeCalls.WatchAsync(context, node));

        // For supervisors and load balancers.
        routes.MapGet("/health/live", () => Results.Ok());
        routes.MapGet(
            "/health/ready",
            () =>
                node.State.Map.Current is null
                    ? Results.StatusCode(StatusCodes.Status503ServiceUnavailable)
                    : Results.Ok()
        );
    }
}
