using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Volumes;
using Microsoft.AspNetCore.Http;

namespace FileSharing.StorageNode.Endpoints.Internal;

/// <summary>Questions about many ids at once: <c>adopt</c> stamps what is there and good, <c>has</c> only looks into the index.</summary>
internal static class VolumeCalls
{
    public static async Task AdoptAsync(HttpContext context, Guid volumeId, NodeParts node)
    {
        using var use = Require(node, volumeId);
        var request = await ReadAsync(context, WireJson.Default.AdoptRequest);
        if (request is not { Ids.Count: <= AdoptRequest.IdsMax })
        {
            throw TooMany();
        }

        var have = await use.Store.AdoptAsync(request.Ids, request.Epoch, context.RequestAborted);
        await Replies.WriteJsonAsync(context, new HaveReply(have), WireJson.Default.HaveReply);
    }

    public static async Task HasAsync(HttpContext context, Guid volumeId, NodeParts node)
    {
        using var use = Require(node, volumeId);
        var request = await ReadAsync(context, WireJson.Default.HasRequest);
        if (request is not { Ids.Count: <= AdoptRequest.IdsMax })
        {
            throw TooMany();
        }

        var have = new HaveReply([.. request.Ids.Select(use.Store.Has)]);
        await Replies.WriteJsonAsync(context, have, WireJson.Default.HaveReply);
    }

    /// <summary>Lets the call work on the volume; the caller disposes it.</summary>
    /// <exception cref="RequestException">503: another node may hold it, or this one when the volume is back. Never 404: that would say "no such record".</exception>
    public static VolumeUse Require(NodeParts node, Guid volumeId) => node.Volumes.Enter(volumeId) ?? throw Away();

    public static RequestException Away() =>
        new(StatusCodes.Status503ServiceUnavailable, "volume-away", "This volume is not open on this node.");

    /// <summary>The question that came as JSON; null for the JSON value null.</summary>
    public static ValueTask<T?> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type) =>
        JsonSerializer.DeserializeAsync(context.Request.Body, type, context.RequestAborted);

    private static RequestException TooMany() =>
        new(StatusCodes.Status400BadRequest, "too-many-ids", $"At most {AdoptRequest.IdsMax} ids a call.");
}
