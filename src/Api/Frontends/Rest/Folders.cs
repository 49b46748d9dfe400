using FileSharing.Api.Auth;
using FileSharing.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace FileSharing.Api.Frontends.Rest;

/// <summary>POST /folders, GET /folders/{folder_id|root}/children, PATCH and DELETE /files/{file_id}</summary>
internal static class Folders
{
    public static async Task<Created<FolderReply>> CreateAsync(
        NewFolderRequest request,
        HttpContext context,
        Access access,
        TreeChanges tree
    )
    {
        EntryName.Check(request?.Name);
        var parent = await access.ToFolderAsync(context, request!.ParentId, Verb.Write);
        var id = await tree.CreateFolderAsync(parent, request.Name!, context.User().UserId, context.RequestAborted);
        return TypedResults.Created($"/folders/{id:D}/children", new FolderReply(id));
    }

    public static async Task<EntryPage> ChildrenAsync(
        [FromRoute(Name = "folder_id")] string folderId,
        string? cursor,
        int? limit,
        HttpContext context,
        Access access,
        FileTree tree
    )
    {
        var folder = await access.ToFolderAsync(context, folderId, Verb.Read);
        var size = Paging.Limit(limit);
        var rows = await tree.ChildrenAsync(folder, Paging.Key(cursor), size + 1, context.RequestAborted);
        var (items, next) = Paging.Page(rows, size, e => e.Name);
        return new EntryPage([.. items.Select(Messages.Of)], next);
    }

    public static async Task<MetadataReply> MoveAsync(
        [FromRoute(Name = "file_id")] string fileId,
        MoveRequest request,
        HttpContext context,
        Access access,
        TreeChanges tree
    )
    {
        if (request is not ({ Name: not null } or { ParentId: not null }))
        {
            throw new ApiException(ApiError.InvalidRequest, "name, parent_id or both are needed.");
        }

        var entry = await access.ToAsync(context, fileId, Verb.Write);
        var parent = request.ParentId is null
            ? null
            : await access.ToFolderAsync(context, request.ParentId, Verb.Write);
        await tree.MoveAsync(entry, parent, request.Name, Access.IfMatch(context, entry), context.RequestAborted);
        return new MetadataReply(Messages.Metadata(await access.ToAsync(context, fileId, Verb.Read)));
    }

    public static async Task<StatusReply> DeleteAsync(
        [FromRoute(Name = "file_id")] string fileId,
        HttpContext context,
        Access access,
        TreeChanges tree
    )
    {
        var entry = await access.ToAsync(context, fileId, Verb.Write);
        await tree.TrashAsync(entry, Access.IfMatch(context, entry), context.RequestAborted);
        return new StatusReply("deleted");
    }
}
