using System.Globalization;
using FileSharing.Api.Auth;
using FileSharing.Api.Placement;
using FileSharing.Cluster.Hosting;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace FileSharing.Api.Frontends.Internal;

/// <summary>What the API serves to storage nodes: docs/node-protocol.md, section 3. <c>InternalCallFilter</c> has checked the sender of all but the join.</summary>
internal static class InternalRoutes
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var nodes = routes.MapGroup(InternalCallFilter.PathPrefix).For(Caller.Anyone).ExcludeFromDescription();
        nodes.MapPost("/nodes/join", JoinAsync);
        nodes.MapPost("/nodes/register", RegisterAsync);
        nodes.MapGet("/cluster", ClusterAsync);
        nodes.MapPost("/notifications", NotifyAsync);
        nodes.MapPost("/partitions/reports", ReportPartitionsAsync);
        nodes.MapPut("/uploads/{uploadId:guid}/parts/{index:int}", RecordPartAsync);
    }

    private static async Task<JoinReply> JoinAsync(
        JoinRequest request,
        HttpContext context,
        NodeRegistry registry,
        ClusterState state,
        ILogger<ClusterState> log
    )
    {
        if (request is not { Token: not null, Name: not null })
        {
            throw new ApiException(ApiError.InvalidRequest, "token and name are needed.");
        }

        var id = await registry.JoinAsync(request.Token, request.Name, context.RequestAborted);
        log.NodeJoined(request.Name, id);
        return new JoinReply(id, state.Secrets);
    }

    private static async Task<RegisterReply> RegisterAsync(
        RegisterRequest request,
        HttpContext context,
        NodeRegistry registry,
        MapMaker maps,
        NodeWatch watch,
        ClusterState state,
        ILogger<ClusterState> log
    )
    {
        RefuseOtherNode(context, request.NodeId);
        RefuseSecondProcess(request, state.Map.Current, watch);
        await registry.RegisterAsync(
            request.NodeId,
            request.Url.GetLeftPart(UriPartial.Authority),
            request.Zone,
            [
                .. request.Volumes.Select(v => new OpenedVolume(
                    v.VolumeId,
                    v.PreviousIncarnation,
                    v.Incarnation,
                    v.CapacityBytes,
                    v.Number
                )),
            ],
            context.RequestAborted
        );
        log.NodeRegistered(request.NodeId, request.Url, request.Volumes.Count);
        await maps.UpdateAsync(context.RequestAborted);
        return new RegisterReply(state.Published?.Map);
    }

    /// <summary>All processes of the cluster share one key; a node still speaks for itself only.</summary>
    private static void RefuseOtherNode(HttpContext context, Guid nodeId)
    {
        if (SenderOf(context) != nodeId)
        {
            throw new ApiException(ApiError.Forbidden, "A node registers itself, and no other.");
        }
    }

    /// <summary>A node that moves has stopped before it starts elsewhere. One that answers where it was is another process with the same <c>node.json</c>.</summary>
    private static void RefuseSecondProcess(RegisterRequest request, ClusterMap? map, NodeWatch watch)
    {
        var known = map?.Nodes.FirstOrDefault(node => node.NodeId == request.NodeId);
        if (
            known is not null
            && known.Url.GetLeftPart(UriPartial.Authority) != request.Url.GetLeftPart(UriPartial.Authority)
            && watch.IsReachable(known.NodeId)
        )
        {
            throw new ApiException(
                ApiError.NodeRefused,
                $"Node '{known.Name}' answers at {known.Url} while it registers from {request.Url}: two processes have one identity. "
                    + "If Node:Data was copied, stop the copy, give it an empty Node:Data with volumes of its own, and let it join with a token. If the node has moved, stop it where it was."
            );
        }
    }

    /// <summary>Null when it is not a node that calls.</summary>
    private static Guid? SenderOf(HttpContext context) =>
        Guid.TryParse(context.Items[InternalCallFilter.SenderItem] as string, out var id) ? id : null;

    private static async Task<Results<Ok<ClusterReply>, StatusCodeHttpResult>> ClusterAsync(
        string? volumes,
        HttpContext context,
        ClusterState state,
        HeartbeatRecorder heartbeats,
        RepairLimitsCache limits,
        MapMaker maps
    )
    {
        if (SenderOf(context) is { } node)
        {
            var beat = BeatOf(node, MapVersionOf(context), volumes);
            var outcome = await heartbeats.RecordAsync(beat, context.RequestAborted);
            if (outcome.Superseded.Intersect(beat.OpenVolumes ?? []).Any())
            {
                throw new MetadataException(
                    MetadataError.VolumeRefused,
                    "Volumes of this node were opened by another process after this one has opened them."
                );
            }

            if (outcome.NewestMap > (state.Published?.Version ?? 0))
            {
                // Another API process made it. Whoever comes back after a cut-off must not act by an older map than the floor.
                await maps.RefreshAsync(context.RequestAborted);
            }

            var now = await limits.GetAsync(context.RequestAborted);
            context.Response.Headers[InternalHttp.MapFloorHeader] = $"{now.MapFloor}";
            context.Response.Headers[InternalHttp.RepairBudgetHeader] = $"{now.RepairBytesPerSecond}";
            context.Response.Headers[InternalHttp.RepairShareHeader] = now.RepairShare.ToString(
                "0.####",
                CultureInfo.InvariantCulture
            );
        }

        // The tag first: what becomes new after it is told once more, not missed.
        var etag = $"\"{state.NewsTag}\"";
        context.Response.Headers.ETag = etag;
        return context.Request.Headers.IfNoneMatch.ToString() == etag
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Ok(new ClusterReply(state.Secrets, state.Published?.Map));
    }

    private static long MapVersionOf(HttpContext context) =>
        long.TryParse(context.Request.Headers[InternalHttp.MapVersionHeader], out var version) ? version : 0;

    /// <param name="volumes">Ids of the open ones, each with its incarnation behind a colon; from a node of the release before without it.</param>
    private static Heartbeat BeatOf(Guid node, long mapVersion, string? volumes)
    {
        var ids = new List<Guid>();
        var incarnations = new List<long>();
        foreach (var part in (volumes ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var fields = part.Split(':');
            var incarnation = long.MaxValue;
            if (
                fields.Length > 2
                || !Guid.TryParse(fields[0], out var id)
                || (fields.Length == 2 && !long.TryParse(fields[1], out incarnation))
            )
            {
                throw new ApiException(
                    ApiError.InvalidRequest,
                    $"'{part}' is not the id of a volume with its incarnation."
                );
            }

            ids.Add(id);
            incarnations.Add(incarnation);
        }

        return new Heartbeat(node, mapVersion, volumes is null ? null : ids, volumes is null ? null : incarnations);
    }

    private static async Task<NoContent> ReportPartitionsAsync(
        PartitionReports reports,
        HttpContext context,
        ComparisonStore store
    )
    {
        if (reports.Items.Count > PartitionReports.ItemsMax)
        {
            throw new ApiException(ApiError.InvalidRequest, $"A call has at most {PartitionReports.ItemsMax} reports.");
        }

        if (
            reports.Items.Any(r =>
                r is not { Partition: >= 0 and < PartitionTable.Partitions, Floor: >= 0, Records: >= 0, Lacking: >= 0 }
            )
        )
        {
            throw new ApiException(
                ApiError.InvalidRequest,
                $"A report names a partition below {PartitionTable.Partitions}; its figures are not negative."
            );
        }

        await store.RecordAsync(
            [
                .. reports.Items.Select(r => new ComparisonRow
                {
                    Partition = r.Partition,
                    VolumeId = r.Volume,
                    SourceId = r.Source,
                    Floor = r.Floor,
                    Records = r.Records,
                    Lacking = r.Lacking,
                    BytesLeft = r.BytesLeft,
                }),
            ],
            context.RequestAborted
        );
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> NotifyAsync(NotificationBatch batch, HttpContext context, ChunkProofs proofs)
    {
        if (batch.Items.Count > NotificationBatch.ItemsMax)
        {
            throw new ApiException(
                ApiError.InvalidRequest,
                $"A batch has at most {NotificationBatch.ItemsMax} notifications."
            );
        }

        await proofs.ApplyAsync(
            [.. batch.Items.SelectMany(i => i.Chunks.Select(c => new ChunkProof(i.UploadId, c.Id, c.Size)))],
            context.RequestAborted
        );
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> RecordPartAsync(
        Guid uploadId,
        int index,
        PartChunks part,
        HttpContext context,
        ChunkProofs proofs
    )
    {
        await proofs.RecordPartAsync(
            uploadId,
            index,
            part.Epoch,
            [.. part.Chunks.Select(c => new ListedChunk(c.Id, c.Size))],
            context.RequestAborted
        );
        return TypedResults.NoContent();
    }
}
