using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace FileSharing.StorageNode.Endpoints;

/// <summary>JSON answers with a known length, so that a client can keep its connection.</summary>
internal static class Replies
{
    public static async Task WriteJsonAsync<T>(
        HttpContext context,
        T message,
        JsonTypeInfo<T> type,
        string mediaType = "application/json"
    )
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(message, type);
        context.Response.ContentType = mediaType;
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }
}
