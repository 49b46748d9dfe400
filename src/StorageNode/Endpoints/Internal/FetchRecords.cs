using System.Buffers;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using Microsoft.AspNetCore.Http;

namespace FileSharing.StorageNode.Endpoints.Internal;

/// <summary>
/// <c>POST /internal/v1/volumes/{volume}/records/fetch</c>: many encoded records, each whole and checked, as frames of one stream. One is read from the disk at a time: other
/// requests of the same peer are read meanwhile.
/// </summary>
internal static class FetchRecords
{
    /// <summary>Small records are sent together.</summary>
    private const int FlushBytes = 256 << 10;

    public static async Task HandleAsync(HttpContext context, Guid volumeId, NodeParts node)
    {
        VolumeCalls.Require(node, volumeId).Dispose();
        var request = await VolumeCalls.ReadAsync(context, WireJson.Default.FetchRequest);
        if (request is not { Ids.Count: > 0 and <= FetchRequest.IdsMax })
        {
            throw new RequestException(
                StatusCodes.Status400BadRequest,
                "too-many-ids",
                $"1 to {FetchRequest.IdsMax} ids a call."
            );
        }

        context.Response.ContentType = "application/octet-stream";
        for (var i = 0; i < request.Ids.Count; i++)
        {
            try
            {
                await SendAsync(context, node, volumeId, request.Ids[i]);
            }
            catch (Exception error) when (i > 0 && error is IOException or RequestException)
            {
                // The volume or its index is gone. What was sent is good; the end of the connection says that there is no more.
                context.Abort();
                return;
            }
        }

        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private static async Task SendAsync(HttpContext context, NodeParts node, Guid volumeId, ChunkId id)
    {
        var (outcome, record) = await ReadAsync(node, volumeId, id, context.RequestAborted);
        using (record)
        {
            var body = context.Response.BodyWriter;
            new FetchFrame(outcome, record?.Memory.Length ?? 0).WriteTo(body.GetSpan(FetchFrame.HeadBytes));
            body.Advance(FetchFrame.HeadBytes);
            if (record is not null)
            {
                body.Write(record.Memory.Span);
            }

            if (body.UnflushedBytes >= FlushBytes)
            {
                await body.FlushAsync(context.RequestAborted);
            }
        }
    }

    /// <exception cref="RequestException">503: the volume is not open here (any more).</exception>
    /// <exception cref="IOException">Whether it has the record cannot be told.</exception>
    private static async Task<(FetchOutcome Outcome, StoredRecord? Record)> ReadAsync(
        NodeParts node,
        Guid volumeId,
        ChunkId id,
        CancellationToken cancellationToken
    )
    {
        using var use = VolumeCalls.Require(node, volumeId);
        try
        {
            var record = await node.Volumes.ReadRecordAsync(use, id, cancellationToken);
            return (record is null ? FetchOutcome.Absent : FetchOutcome.Found, record);
        }
        catch (BlobException error) when (error.Error != BlobError.IndexDamaged)
        {
            return (FetchOutcome.Damaged, null);
        }
    }
}
