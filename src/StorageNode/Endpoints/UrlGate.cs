using FileSharing.Cluster.Signing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace FileSharing.StorageNode.Endpoints;

/// <summary>The one place where a client's request becomes a grant: no endpoint for clients does anything before this returns.</summary>
internal static class UrlGate
{
    /// <exception cref="RequestException">403: not a URL that the cluster signed for this request, or out of its time.</exception>
    public static UrlGrant Check(HttpContext context, NodeParts node)
    {
        var request = context.Request;
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var queryStart = target.IndexOf('?', StringComparison.Ordinal);
        var path = queryStart < 0 ? target : target[..queryStart];
        try
        {
            return node.State.Urls.Verify(request.Method, path, Parameters(request.Query));
        }
        catch (UrlRefusedException refusal)
        {
            throw new RequestException(StatusCodes.Status403Forbidden, "url-refused", refusal.Message);
        }
    }

    /// <summary>The upload that a URL for putting is bound to.</summary>
    /// <exception cref="RequestException">403: the URL is for something else.</exception>
    public static (Guid UploadId, uint Epoch) UploadOf(UrlGrant grant) =>
        grant is { UploadId: { } upload, Epoch: { } epoch }
            ? (upload, epoch)
            : throw new RequestException(
                StatusCodes.Status403Forbidden,
                "url-refused",
                "This URL is not for an upload."
            );

    private static IEnumerable<KeyValuePair<string, string>> Parameters(IQueryCollection query) =>
        query.SelectMany(parameter => parameter.Value.Select(value => KeyValuePair.Create(parameter.Key, value ?? "")));
}
