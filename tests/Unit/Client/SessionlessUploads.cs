using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace FileSharing.UnitTests.Client;

/// <summary>Answers uploads of any number of sessions: every chunk is wanted, numbered within its session.</summary>
internal static class SessionlessUploads
{
    private static readonly ConcurrentDictionary<string, int> Counts = new();

    public static async Task<bool> AnswerAsync(ScriptedCluster cluster, HttpContext http)
    {
        var body = (await JsonSerializer.DeserializeAsync<JsonObject>(http.Request.Body))!;
        var path = http.Request.Path.Value!.Split('/');
        var uploadId = path.Length > 3 ? path[3] : Guid.NewGuid().ToString();
        var chunks = body["chunks"]!.AsArray();
        var first = Counts.GetOrAdd(uploadId, 0);
        Counts[uploadId] = first + chunks.Count;
        var parts = chunks.Select(
            (chunk, i) =>
                (JsonNode)
                    new JsonObject
                    {
                        ["index"] = first + i,
                        ["chunk_id"] = (string)chunk!["id"]!,
                        ["status"] = "not-uploaded",
                        ["url"] = $"{cluster.Url}node1/v1/chunks/{(string)chunk["id"]!}",
                    }
        );
        var reply = new JsonObject { ["upload_id"] = uploadId, ["parts"] = new JsonArray([.. parts]) };
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(reply.ToJsonString());
        return true;
    }
}
