using FileSharing.Cluster.Wire;
using Microsoft.AspNetCore.Http;

namespace FileSharing.StorageNode.Endpoints.Internal;

/// <summary><c>POST</c> and <c>GET /internal/v1/volumes/{volume}/scrub</c>: asks for a whole scrub, and tells how far it is.</summary>
internal static class ScrubCalls
{
    public static Task AskAsync(HttpContext context, Guid volumeId, NodeParts node)
    {
        VolumeCalls.Require(node, volumeId).Dispose();
        var status = node.Scrubs.Of(volumeId).Ask();
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        return Replies.WriteJsonAsync(context, status, WireJson.Default.ScrubStatus);
    }

    /// <summary>Also while the volume is opened anew, as after a scrub that found its index wrong.</summary>
    public static Task GetAsync(HttpContext context, Guid volumeId, NodeParts node)
    {
        if (node.Scrubs.Find(volumeId) is not { } job)
        {
            throw VolumeCalls.Away();
        }

        return Replies.WriteJsonAsync(context, job.Status, WireJson.Default.ScrubStatus);
    }
}
