using FileSharing.Api.Auth;
using FileSharing.Api.Uploads;
using FileSharing.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace FileSharing.Api.Frontends.Rest;

/// <summary>POST /files/upload/{upload_id}/complete. Repeating it gives the first answer again.</summary>
internal static class UploadComplete
{
    public static async Task<CompleteReply> HandleAsync(
        [FromRoute(Name = "upload_id")] Guid uploadId,
        CompleteRequest? request,
        HttpContext context,
        UploadSessions sessions,
        UploadCompletion completion,
        Versions versions,
        Access access
    )
    {
        var receipts = request?.Receipts ?? [];
        if (receipts.Count > Limits.ReceiptsMax)
        {
            throw new ApiException(ApiError.InvalidRequest, $"A call carries at most {Limits.ReceiptsMax} receipts.");
        }

        var session = await UploadParts.FindAsync(uploadId, context, sessions);
        if (session.Status == UploadStatus.Open)
        {
            // The rights of now, not those of when the upload began.
            await access.ToAsync(
                context,
                (session.IsNewFile ? session.ParentId : session.FileId).ToString("D"),
                Verb.Write
            );
            try
            {
                return Reply(await completion.CompleteAsync(session, receipts, context.RequestAborted));
            }
            catch (MetadataException e) when (e.Error == MetadataError.UploadCommitted)
            {
                session = await UploadParts.FindAsync(uploadId, context, sessions);
            }
        }

        return session.VersionId is { } version
            ? Reply(await versions.CommittedAsync(session.SpaceId, version, context.RequestAborted))
            : throw UploadParts.Ended(session);
    }

    private static CompleteReply Reply(CommittedUpload done) =>
        new(done.FileId, done.VersionId, done.Size, done.Fingerprint?.ToString());
}
