using System.Globalization;
using System.Net.Http.Headers;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Signing;

namespace FileSharing.Cluster.Transport;

/// <summary>The one HTTP client for internal calls: signs each request, and notes the map version that comes back.</summary>
public static class InternalHttp
{
    public const string MapVersionHeader = "X-FileShare-Map";
    public const string ContentDigestHeader = "Content-Digest";

    /// <summary>With each answer to a node's question for news: the floor of the map.</summary>
    public const string MapFloorHeader = "X-FileShare-Map-Floor";

    /// <summary>The same: bytes a second that a volume may fetch for moves and repair.</summary>
    public const string RepairBudgetHeader = "X-FileShare-Repair-Budget";

    /// <summary>The same: the share of its time that a volume may spend on them, as 0.5.</summary>
    public const string RepairShareHeader = "X-FileShare-Repair-Share";

    /// <summary>Connections to one peer: record streams, reads, and control calls.</summary>
    private const int ConnectionsPerPeerMax = 64;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(2);

    /// <param name="sender">This node's id, or <see cref="InternalAuth.ApiSender"/>.</param>
    /// <param name="timeout">Of one call, <see cref="Timeout.InfiniteTimeSpan"/> for streams.</param>
    public static HttpClient Create(InternalAuth auth, string sender, MapHolder map, TimeSpan timeout)
    {
        var sockets = new SocketsHttpHandler
        {
            MaxConnectionsPerServer = ConnectionsPerPeerMax,
            ConnectTimeout = ConnectTimeout,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
        };
        return new HttpClient(new SigningHandler(auth, sender, map) { InnerHandler = sockets }) { Timeout = timeout };
    }

    private sealed class SigningHandler(InternalAuth auth, string sender, MapHolder map) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request,
            CancellationToken cancellationToken
        )
        {
            string? digest = null;
            if (request.Content is { Headers.ContentType.MediaType: "application/json" } json)
            {
                digest = InternalAuth.DigestOf(await json.ReadAsByteArrayAsync(cancellationToken));
                json.Headers.TryAddWithoutValidation(ContentDigestHeader, digest);
            }

            // A record stream says under which map its records were placed; everything else, what this process has.
            if (!request.Headers.Contains(MapVersionHeader))
            {
                request.Headers.TryAddWithoutValidation(
                    MapVersionHeader,
                    (map.Current?.Version ?? 0).ToString(CultureInfo.InvariantCulture)
                );
            }

            request.Headers.Authorization = new AuthenticationHeaderValue(
                InternalAuth.Scheme,
                auth.Sign(sender, request.Method.Method, request.RequestUri!.PathAndQuery, digest)
            );
            var response = await base.SendAsync(request, cancellationToken);
            if (
                response.Headers.TryGetValues(MapVersionHeader, out var versions)
                && long.TryParse(versions.First(), NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            )
            {
                map.Saw(version);
            }

            return response;
        }
    }
}
