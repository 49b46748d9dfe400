using System.Collections.Concurrent;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode;
using Microsoft.AspNetCore.Http;

namespace FileSharing.UnitTests.StorageNode;

/// <summary>The API's part in a rotation, as the test says it: what nodes are told when they ask, and who gets no answer.</summary>
internal sealed class KeyApi : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Guid, bool> deafTo = [];
    private ScriptedApi server = null!;
    private int questions;

    /// <summary>What is told; null: nothing is new.</summary>
    public volatile ClusterSecrets? Told;

    /// <summary>How often nodes have asked.</summary>
    public int Questions => Volatile.Read(ref questions);

    public static async Task<KeyApi> StartAsync()
    {
        var api = new KeyApi();
        api.server = await ScriptedApi.StartAsync(api.AnswerAsync);
        return api;
    }

    public NodeSettings Configure(NodeSettings settings) => settings with { ApiUrl = server.Url };

    public void StopAnswering(Guid node) => deafTo[node] = true;

    public void AnswerAgain(Guid node) => deafTo.TryRemove(node, out _);

    private async Task AnswerAsync(HttpContext context)
    {
        if (deafTo.Keys.Any(node => context.Request.Headers.Authorization.ToString().Contains($"{node:D}")))
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        switch (context.Request.Path.Value)
        {
            case "/internal/v1/nodes/register":
                await context.Response.WriteAsJsonAsync(new RegisterReply(null), WireJson.Default.RegisterReply);
                break;
            case "/internal/v1/cluster":
                await TellAsync(context);
                break;
            default:
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                break;
        }
    }

    private async Task TellAsync(HttpContext context)
    {
        Interlocked.Increment(ref questions);
        var told = Told;
        var tag = told is null ? "\"\"" : $"\"{told.DataKeys.Count}-{told.ActiveDataKey}\"";
        if (told is null || context.Request.Headers.IfNoneMatch.ToString() == tag)
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        context.Response.Headers.ETag = tag;
        await context.Response.WriteAsJsonAsync(new ClusterReply(told, null), WireJson.Default.ClusterReply);
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();
}
