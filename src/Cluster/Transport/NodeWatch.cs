using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using FileSharing.Cluster.Map;

namespace FileSharing.Cluster.Transport;

/// <summary>
/// Holds one open connection to every node of the map, on which the node writes a line every 250 ms. A break, or a second of silence, takes the node
/// out of newly signed URLs at once. Nothing else follows from it: the node keeps its place in the map.
/// </summary>
public sealed class NodeWatch(HttpClient http, MapHolder map, TimeProvider time) : IAsyncDisposable
{
    /// <summary>How often a node writes a line.</summary>
    public static readonly TimeSpan BeatInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>Silence after which a node counts as unreachable.</summary>
    public static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(1);

    /// <summary>Pause before a broken connection is tried again.</summary>
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<Guid, Watched> watched = new();
    private readonly CancellationTokenSource stopping = new();

    private sealed class Watched(Uri url, CancellationTokenSource stop)
    {
        public Uri Url { get; } = url;
        public CancellationTokenSource Stop { get; } = stop;
        public Task Loop { get; set; } = Task.CompletedTask;
        public volatile bool Reachable;

        /// <summary>Why it is not, as the node or the network said it last.</summary>
        public volatile string? Reason;
    }

    /// <summary>True while the node's line comes.</summary>
    public bool IsReachable(Guid nodeId) => watched.TryGetValue(nodeId, out var node) && node.Reachable;

    /// <summary>Why the node's line does not come; null while it does, and for a node that was not called yet.</summary>
    public string? ReasonOf(Guid nodeId) =>
        watched.TryGetValue(nodeId, out var node) && !node.Reachable ? node.Reason : null;

    /// <summary>Follows the map from now on.</summary>
    public void Start()
    {
        map.Changed += Follow;
        if (map.Current is { } current)
        {
            Follow(current);
        }
    }

    private void Follow(ClusterMap current)
    {
        foreach (var node in current.Nodes)
        {
            if (watched.TryGetValue(node.NodeId, out var known) && known.Url == node.Url)
            {
                continue;
            }

            known?.Stop.Cancel();
            var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
            var entry = new Watched(node.Url, stop);
            watched[node.NodeId] = entry;
            entry.Loop = Task.Run(() => WatchAsync(entry, stop.Token), CancellationToken.None);
        }
    }

    private async Task WatchAsync(Watched node, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(node, cancellationToken);
                node.Reason = "It ended its connection.";
            }
            catch (OperationCanceledException)
            {
                node.Reason = $"It was silent for {SilenceMax.TotalSeconds} s.";
            }
            catch (Exception error) when (error is HttpRequestException or IOException or JsonException)
            {
                node.Reason = error.Message;
            }

            node.Reachable = false;
            try
            {
                await Task.Delay(RetryPause, time, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task ListenAsync(Watched node, CancellationToken cancellationToken)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        silence.CancelAfter(SilenceMax);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(node.Url, "/internal/v1/watch"));
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, silence.Token);
        await NodeClient.ThrowOnProblemAsync(response, silence.Token);
        await using var body = await response.Content.ReadAsStreamAsync(silence.Token);
        using var lines = new StreamReader(body);
        while (await lines.ReadLineAsync(silence.Token) is { } line)
        {
            node.Reachable = true;
            silence.CancelAfter(SilenceMax);
            if (long.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var version))
            {
                map.Saw(version);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        map.Changed -= Follow;
        await stopping.CancelAsync();
        foreach (var node in watched.Values)
        {
            await node.Loop;
            node.Stop.Dispose();
        }

        stopping.Dispose();
    }
}
