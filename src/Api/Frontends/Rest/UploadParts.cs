using FileSharing.Api.Auth;
using FileSharing.Api.Placement;
using FileSharing.Api.Uploads;
using FileSharing.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace FileSharing.Api.Frontends.Rest;

/// <summary>POST /files/upload/{upload_id}/chunks, GET and DELETE /files/upload/{upload_id}</summary>
internal static class UploadParts
{
    public static async Task<UploadReply> ListAsync(
        [FromRoute(Name = "upload_id")] Guid uploadId,
        MoreChunksRequest request,
        HttpContext context,
        UploadSessions sessions,
        UploadOpening opening,
        NodeUrls urls,
        ClusterState cluster
    )
    {
        var session = await FindAsync(uploadId, context, sessions);
        if (session.IsPositional)
        {
            throw new ApiException(ApiError.Conflict, "This upload has positional parts, not a chunk list.");
        }

        if (session.Status != UploadStatus.Open)
        {
            throw Ended(session);
        }

        var chunks = Messages.Listed(request?.Chunks ?? []);
        var opened = await opening.ListChunksAsync(session, chunks, request?.Last ?? false, context.RequestAborted);
        return Messages.Upload(
            opened.Session,
            opened.Parts,
            urls,
            cluster.Secrets.ChunkingPolicy,
            opened.Session.PartCount
        );
    }

    public static async Task<UploadReply> GetAsync(
        [FromRoute(Name = "upload_id")] Guid uploadId,
        string? cursor,
        int? limit,
        HttpContext context,
        UploadSessions sessions,
        NodeUrls urls,
        ClusterState cluster
    )
    {
        var session = await FindAsync(uploadId, context, sessions);
        var size = limit is null ? Limits.PartsPerReply : Paging.Limit(limit);
        var parts = await sessions.PartsAsync(session, Paging.KeyOfNumber(cursor, 0), size, context.RequestAborted);
        var uploaded = await sessions.UploadedBytesAsync(session, context.RequestAborted);
        return Messages.Upload(session, parts, urls, cluster.Secrets.ChunkingPolicy, session.PartCount, uploaded);
    }

    public static async Task<StatusReply> AbortAsync(
        [FromRoute(Name = "upload_id")] Guid uploadId,
        HttpContext context,
        UploadSessions sessions
    )
    {
        await sessions.AbortAsync(await FindAsync(uploadId, context, sessions), context.RequestAborted);
        return new StatusReply("aborted");
    }

    /// <summary>A session is its user's own; to all others it does not exist. Every call of it serves to write, so each needs that scope.</summary>
    internal static async Task<UploadSession> FindAsync(Guid uploadId, HttpContext context, UploadSessions sessions)
    {
        Authorization.RequireScope(context.Principal(), Verb.Write);
        return await sessions.FindAsync(uploadId, context.User().UserId, context.RequestAborted)
            ?? throw new ApiException(ApiError.NotFound, "There is no such upload.");
    }

    internal static ApiException Ended(UploadSession session) =>
        session.Status == UploadStatus.Committed
            ? new ApiException(ApiError.UploadCommitted, "The upload is complete already.")
            : new ApiException(
                ApiError.UploadGone,
                "The upload was aborted or has expired. Start a new one; what was sent need not be sent again."
            );
}
