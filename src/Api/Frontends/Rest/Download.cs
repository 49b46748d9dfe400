using FileSharing.Api.Auth;
using FileSharing.Api.Placement;
using FileSharing.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace FileSharing.Api.Frontends.Rest;

/// <summary>GET /files/download/{file_id}[?version_id=]</summary>
internal static class Download
{
    public static async Task<DownloadReply> HandleAsync(
        [FromRoute(Name = "file_id")] string fileId,
        [FromQuery(Name = "version_id")] Guid? versionId,
        HttpContext context,
        Access access,
        Versions versions,
        NodeUrls urls
    )
    {
        var file = await access.ToFileAsync(context, fileId, Verb.Read);
        var version =
            await versions.FindAsync(file, versionId, context.RequestAborted)
            ?? throw new ApiException(ApiError.NotFound, "The file has no such version.");
        var at = urls.GetFile(version, file.Name);
        context.Response.Headers.ETag = Access.ETag(version.VersionId);
        context.Response.Headers.CacheControl = "private, no-store";
        return new DownloadReply(
            at[0],
            at,
            new DownloadMetadata(
                file.Name,
                version.Size,
                version.MimeType,
                version.VersionId,
                Messages.Hex(version.Fingerprint)
            )
        );
    }
}
