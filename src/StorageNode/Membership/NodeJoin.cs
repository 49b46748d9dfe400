using FileSharing.Cluster.Hosting;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using Microsoft.Extensions.Logging;

namespace FileSharing.StorageNode.Membership;

/// <summary>The first start of a node: with a one-time token it becomes one of the cluster.</summary>
internal static class NodeJoin
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(500);

    /// <summary>Returns when the node has joined, and has written down who it is; waits for the API as long as it takes.</summary>
    /// <param name="timeout">Of one attempt.</param>
    /// <exception cref="SettingException">There is no token, or it is refused.</exception>
    public static async Task<NodeIdentity> RunAsync(
        NodeSettings settings,
        NodeFiles files,
        TimeSpan timeout,
        TimeProvider time,
        ILogger log,
        CancellationToken cancellationToken
    )
    {
        var token =
            settings.JoinToken
            ?? throw new SettingException(
                "Node:JoinToken",
                "is missing, and this node has not joined a cluster. Make a token with 'fileshare admin node token'."
            );
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
        {
            Timeout = timeout,
        };
        var api = new ApiClient(http, settings.ApiUrl);
        while (true)
        {
            try
            {
                var reply = await api.JoinAsync(new JoinRequest(token, settings.Name), cancellationToken);
                var identity = new NodeIdentity(reply.NodeId, settings.Name, reply.Secrets);
                files.Write(identity);
                log.Joined(reply.Secrets.ClusterId, reply.NodeId);
                return identity;
            }
            catch (NodeCallException refusal) when (refusal.StatusCode is { } status && (int)status is >= 400 and < 500)
            {
                throw new SettingException("Node:JoinToken", refusal.Message);
            }
            catch (HttpRequestException error)
            {
                log.WaitingToJoin(settings.ApiUrl, error.Message);
                await Task.Delay(RetryPause, time, cancellationToken);
            }
        }
    }
}
