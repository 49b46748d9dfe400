using FileSharing.BlobEngine;
using FileSharing.Chunks;
using Microsoft.AspNetCore.Http;

namespace FileSharing.StorageNode.Endpoints.Internal;

/// <summary><c>GET /internal/v1/volumes/{volume}/records/{id}</c>: the encoded record, whole and checked.</summary>
internal static class GetRecord
{
    public static async Task HandleAsync(HttpContext context, Guid volumeId, ChunkId id, NodeParts node)
    {
        using var record = await ReadAsync(node, volumeId, id, context.RequestAborted);
        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = record.Memory.Length;
        await context.Response.Body.WriteAsync(record.Memory, context.RequestAborted);
    }

    private static async Task<StoredRecord> ReadAsync(
        NodeParts node,
        Guid volumeId,
        ChunkId id,
        CancellationToken cancellationToken
    )
    {
        using var use = VolumeCalls.Require(node, volumeId);
        try
        {
            return await node.Volumes.ReadRecordAsync(use, id, cancellationToken)
                ?? throw new RequestException(
                    StatusCodes.Status404NotFound,
                    "not-here",
                    "The volume does not hold this record."
                );
        }
        catch (BlobException error) when (error.Error != BlobError.IndexDamaged)
        {
            throw new RequestException(StatusCodes.Status422UnprocessableEntity, "damaged", error.Message);
        }
    }
}
