using FileSharing.Cluster.Map;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Membership;
using FileSharing.UnitTests.Postgres;
using FileSharing.UnitTests.StorageNode;
using Microsoft.AspNetCore.Http;

namespace FileSharing.UnitTests.Api;

/// <summary>The <c>node.json</c> of a node was copied, as with the image of a machine: two processes, each with volumes of its own, say that they are it.</summary>
public sealed class SecondProcessTests(PostgresFixture postgres) : IAsyncLifetime
{
    private static readonly Uri Elsewhere = new("http://127.0.0.1:1");
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly RunningApi api = new(postgres);
    private readonly CancellationTokenSource stopped = new();
    private int watched;

    public ValueTask InitializeAsync() => api.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await api.DisposeAsync();
        stopped.Dispose();
    }

    [Fact]
    public async Task A_second_process_of_a_node_that_answers_is_refused_and_one_that_has_moved_is_not()
    {
        await using var place = await ScriptedApi.StartAsync(WriteLinesAsync);
        var nodes = new List<JoinReply>();
        foreach (var name in new[] { "1", "2", "3" })
        {
            nodes.Add(await JoinAsync(name));
            await RegisterAsync(nodes[^1], place.Url);
        }

        await NodeCluster.EventuallyAsync(() => Volatile.Read(ref watched) >= 3, "the API listens to all three");
        await Task.Delay(NodeWatch.SilenceMax, TestContext.Current.CancellationToken);

        var refusal = await Assert.ThrowsAsync<NodeCallException>(() => RegisterAsync(nodes[1], Elsewhere));
        Assert.Equal(Problem.NodeRefused, refusal.Problem?.Type);
        Assert.Contains("If Node:Data was copied, stop the copy", refusal.Message, StringComparison.Ordinal);
        await RegisterAsync(nodes[0], place.Url);

        await stopped.CancelAsync();
        await Task.Delay(NodeWatch.SilenceMax * 2, TestContext.Current.CancellationToken);
        await RegisterAsync(nodes[1], Elsewhere);
    }

    private async Task<JoinReply> JoinAsync(string name)
    {
        var (_, token) = await api.CallAsync(HttpMethod.Post, "/admin/nodes/tokens", api.AdminToken, new { name });
        using var anonymous = new HttpClient();
        return await new ApiClient(anonymous, api.Url).JoinAsync(
            new JoinRequest(token.GetProperty("token").GetString()!, name),
            None
        );
    }

    /// <summary>As a process does that starts with this identity, and one new volume.</summary>
    private async Task RegisterAsync(JoinReply node, Uri url)
    {
        var auth = new InternalAuth(node.Secrets, TimeProvider.System);
        using var http = InternalHttp.Create(auth, $"{node.NodeId:D}", new MapHolder(), TimeSpan.FromSeconds(10));
        await new ApiClient(http, api.Url).RegisterAsync(
            new RegisterRequest(node.NodeId, url, "default", [new RegisterVolume(Guid.NewGuid(), 0, 1, 1000, 1)]),
            None
        );
    }

    /// <summary>The line that the API listens to, until the nodes are stopped.</summary>
    private async Task WriteLinesAsync(HttpContext context)
    {
        if (context.Request.Path != "/internal/v1/watch")
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        Interlocked.Increment(ref watched);
        while (!stopped.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            await context.Response.WriteAsync("1\n", None);
            await context.Response.Body.FlushAsync(None);
            await Task.Delay(NodeWatch.BeatInterval, context.RequestAborted)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
