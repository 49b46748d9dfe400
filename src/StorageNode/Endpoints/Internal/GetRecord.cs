using FileSharing.BlobEngine;
using FileSharing.Chunks;
using Microsoft.AspNetCore.Http;

namespace FileSharing.StorageNode.Endpoints.Internal;

/// <summary><c>GET /internal/v1/volumes/{volume}/records/{id}</c>: the encoded record, whole and checked.</summary>
internal static class GetRecord
{
    public static async Task HandleAsync(HttpContext context, Guid volumeId, ChunkId id, NodeParts node)
    {
        var store = VolumeCalls.Require(node, volumeId);
        using var record = await ReadAsync(store, id, context.RequestAborted);
        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = record.Memory.Length;
        await context.Response.Body.WriteAsync(record.Memory, context.RequestAborted);
    }

    private static async Task<StoredRecord> ReadAsync(BlobStore store, ChunkId id, CancellationToken cancellationToken)
    {
        try
        {
            return await store.ReadRecordAsync(id, cancellationToken)
                ?? throw new RequestException(
                    StatusCodes.Status404NotFound,
                    "not-here",
                    "The volume does not hold this record."
                );
        }
        catch (BlobException error)
        {
            throw new RequestException(StatusCodes.Status422UnprocessableEntity, "damaged", error.Message);
        }
    }
}
