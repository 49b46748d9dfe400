using FileSharing.Api.Auth;
using FileSharing.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace FileSharing.Api.Frontends.Rest;

/// <summary>POST /files/share, GET /files/{file_id}/shares, DELETE /shares/{share_id}, GET /files/shared-with-me</summary>
internal static class Sharing
{
    public static async Task<ShareReply> ShareAsync(
        ShareRequest request,
        HttpContext context,
        Access access,
        Accounts accounts,
        Groups groups,
        Shares shares
    )
    {
        if (request is not { FileId: { } fileId, SharedWith: { } sharedWith })
        {
            throw new ApiException(ApiError.InvalidRequest, "file_id, shared_with and permissions are needed.");
        }

        var permission = Parse(request.Permissions);
        var entry = await access.ToAsync(context, fileId, Verb.Share);
        var (principal, kind) = await FindAsync(sharedWith, accounts, groups, context.RequestAborted);
        if (principal == entry.OwnerId)
        {
            throw new ApiException(ApiError.Conflict, "The owner has every right already.");
        }

        var id = await shares.PutAsync(
            entry,
            principal,
            kind,
            permission,
            context.User().UserId,
            context.RequestAborted
        );
        return new ShareReply("shared", id);
    }

    public static async Task<SharePage> ListAsync(
        [FromRoute(Name = "file_id")] string fileId,
        string? cursor,
        int? limit,
        HttpContext context,
        Access access,
        Shares shares
    )
    {
        var entry = await access.ToAsync(context, fileId, Verb.Share);
        var size = Paging.Limit(limit);
        var rows = await shares.ListAsync(entry, Paging.KeyOfId(cursor), size + 1, context.RequestAborted);
        var (items, next) = Paging.Page(rows, size, s => s.ShareId.ToString());
        return new SharePage(
            [
                .. items.Select(s => new ShareMessage(
                    s.ShareId,
                    s.SharedWith,
                    s.WithGroup ? null : s.SharedWithName,
                    s.WithGroup ? s.SharedWithName : null,
                    s.Permissions,
                    s.CreatedAt
                )),
            ],
            next
        );
    }

    /// <summary>By who may share the entry, or by the person who was given it.</summary>
    public static async Task<StatusReply> UnshareAsync(
        [FromRoute(Name = "share_id")] Guid shareId,
        HttpContext context,
        FileTree tree,
        Shares shares
    )
    {
        var share =
            await shares.FindAsync(shareId, context.RequestAborted)
            ?? throw new ApiException(ApiError.NotFound, "There is no such share.");
        if (share.SharedWith != context.User().UserId)
        {
            Authorization.Authorize(
                context.Principal(),
                await tree.AccessAsync(context.User().UserId, share.FileId, context.RequestAborted),
                Verb.Share
            );
        }

        await shares.DeleteAsync(share, context.RequestAborted);
        return new StatusReply("unshared");
    }

    public static async Task<SharedEntryPage> WithMeAsync(
        string? cursor,
        int? limit,
        HttpContext context,
        FileTree tree
    )
    {
        var size = Paging.Limit(limit);
        var rows = await tree.SharedWithAsync(
            context.User().UserId,
            Paging.KeyOfId(cursor),
            size + 1,
            context.RequestAborted
        );
        var (items, next) = Paging.Page(rows, size, s => s.ShareId.ToString());
        return new SharedEntryPage([.. items.Select(Messages.OfShared)], next);
    }

    /// <summary>A user by id or e-mail address, else a group by id or name: no name of a group looks like an address or an id.</summary>
    private static async Task<(Guid Id, PrincipalKind Kind)> FindAsync(
        string sharedWith,
        Accounts accounts,
        Groups groups,
        CancellationToken ct
    )
    {
        if (await accounts.FindAsync(sharedWith, ct) is { } user)
        {
            return (user.UserId, PrincipalKind.User);
        }

        return await groups.FindAsync(sharedWith, ct) is { } group
            ? (group.GroupId, PrincipalKind.Group)
            : throw new ApiException(
                ApiError.NotFound,
                "No user has this id or e-mail address, and no group this id or name."
            );
    }

    private static Permission Parse(string? permissions) =>
        permissions switch
        {
            "viewer" => Permission.Viewer,
            "editor" => Permission.Editor,
            "manager" => Permission.Manager,
            _ => throw new ApiException(ApiError.InvalidRequest, "permissions is viewer, editor or manager."),
        };
}
