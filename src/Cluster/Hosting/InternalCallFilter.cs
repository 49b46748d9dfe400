using System.Globalization;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace FileSharing.Cluster.Hosting;

/// <summary>
/// Lets internal calls through only from processes of this cluster: everything under <c>/internal/v1</c> except joining, which has a token of its own. Checks
/// the digest of JSON bodies, and notes and sends the map version.
/// </summary>
/// <param name="auth">Null while this process has no secrets yet: then nothing is let through.</param>
public sealed class InternalCallFilter(Func<InternalAuth?> auth, MapHolder map)
{
    public const string PathPrefix = "/internal/v1";
    public const string JoinPath = "/internal/v1/nodes/join";

    /// <summary>Where an endpoint finds the verified sender: a node's id, or <see cref="InternalAuth.ApiSender"/>.</summary>
    public const string SenderItem = "fileshare.internal-sender";

    private const string ForeignText =
        "This call is for processes of the cluster, and the caller has not shown the keys of this one. A storage node that was of another cluster joins this one with an empty "
        + "Node:Data, empty volumes and a token of its own (fileshare admin node token); one that belongs to another cluster calls the wrong Node:ApiUrl.";

    /// <summary>Largest JSON body of an internal call: 1,000 notifications of whole parts.</summary>
    private const int JsonBytesMax = 16 << 20;

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(next);
        if (!IsInternal(context))
        {
            await next(context);
            return;
        }

        if (await SenderAsync(context) is not { } sender)
        {
            await RefuseAsync(context);
            return;
        }

        context.Items[SenderItem] = sender;

        if (
            long.TryParse(
                context.Request.Headers[InternalHttp.MapVersionHeader],
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var version
            )
        )
        {
            map.Saw(version);
        }

        context.Response.Headers[InternalHttp.MapVersionHeader] = (map.Current?.Version ?? 0).ToString(
            CultureInfo.InvariantCulture
        );
        await next(context);
    }

    /// <summary>
    /// By the endpoint that routing chose, so that this can never see a path with other eyes than the router (which compares without case); by the path too,
    /// for what matches no endpoint.
    /// </summary>
    private static bool IsInternal(HttpContext context)
    {
        var pattern = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
        var isInternal =
            new PathString(pattern is null ? null : "/" + pattern.TrimStart('/')).StartsWithSegments(
                PathPrefix,
                StringComparison.OrdinalIgnoreCase
            ) || context.Request.Path.StartsWithSegments(PathPrefix, StringComparison.OrdinalIgnoreCase);
        return isInternal && pattern?.TrimStart('/') != JoinPath.TrimStart('/');
    }

    private async Task<string?> SenderAsync(HttpContext context)
    {
        var request = context.Request;
        var digest = DigestOf(request);
        var sender = auth()?.Verify(Credentials(request), request.Method, Target(context), digest);

        // A signed digest is always checked: what kind of body it is, is not signed.
        var needsDigest = digest is not null || request.HasJsonContentType();
        return !needsDigest || (sender is not null && await HasDigestAsync(request, digest)) ? sender : null;
    }

    private static string? Credentials(HttpRequest request)
    {
        const string Prefix = InternalAuth.Scheme + " ";
        var authorization = request.Headers.Authorization.ToString();
        return authorization.StartsWith(Prefix, StringComparison.Ordinal) ? authorization[Prefix.Length..] : null;
    }

    private static string? DigestOf(HttpRequest request) =>
        request.Headers[InternalHttp.ContentDigestHeader].ToString() is { Length: > 0 } digest ? digest : null;

    private static string Target(HttpContext context) =>
        context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;

    private static async Task<bool> HasDigestAsync(HttpRequest request, string? digest)
    {
        if (request.ContentLength is not { } length || length > JsonBytesMax)
        {
            return false;
        }

        var body = new byte[length];
        await request.Body.ReadExactlyAsync(body, request.HttpContext.RequestAborted);
        request.Body = new MemoryStream(body, writable: false);
        return InternalAuth.DigestOf(body) == digest;
    }

    private Task RefuseAsync(HttpContext context)
    {
        var request = context.Request;
        var difference = auth()
            ?.ClockDifference(Credentials(request), request.Method, Target(context), DigestOf(request));
        var (type, detail) = difference is { } late
            ? (Problem.ClockDiffers, ClockText(late.Sender, late.Ahead))
            : (Problem.InternalOnly, ForeignText);
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return context.Response.WriteAsJsonAsync(
            new Problem(type, "Forbidden", StatusCodes.Status403Forbidden, detail, context.TraceIdentifier),
            WireJson.Default.Problem,
            Problem.MediaType,
            context.RequestAborted
        );
    }

    /// <summary>Read by whoever runs the caller. Which of the two clocks is wrong is not known here.</summary>
    private static string ClockText(string sender, TimeSpan ahead) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"The clock of the caller ({sender}) is {ahead.Duration().TotalSeconds:F0} s {(ahead > TimeSpan.Zero ? "ahead of" : "behind")} the one of the process that it called. "
        )
        + $"Calls within the cluster are believed up to {InternalAuth.ClockDifferenceMax.TotalSeconds} s: compare both machines with a time server (timedatectl) and set the wrong one. Nothing has to be restarted.";
}
