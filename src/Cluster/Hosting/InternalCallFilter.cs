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
        var authorization = request.Headers.Authorization.ToString();
        var prefix = InternalAuth.Scheme + " ";
        if (auth() is not { } check || !authorization.StartsWith(prefix, StringComparison.Ordinal))
        {
            return null;
        }

        var digest = request.Headers[InternalHttp.ContentDigestHeader].ToString();
        var pathAndQuery = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var sender = check.Verify(
            authorization[prefix.Length..],
            request.Method,
            pathAndQuery,
            digest.Length > 0 ? digest : null
        );

        // A signed digest is always checked: what kind of body it is, is not signed.
        var needsDigest = digest.Length > 0 || request.HasJsonContentType();
        return !needsDigest || (sender is not null && await HasDigestAsync(request, digest)) ? sender : null;
    }

    private static async Task<bool> HasDigestAsync(HttpRequest request, string digest)
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

    private static Task RefuseAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return context.Response.WriteAsJsonAsync(
            new Problem(
                Problem.TypePrefix + "internal-only",
                "Forbidden",
                StatusCodes.Status403Forbidden,
                "This call is for processes of the cluster.",
                context.TraceIdentifier
            ),
            WireJson.Default.Problem,
            Problem.MediaType,
            context.RequestAborted
        );
    }
}
