using FileSharing.Api.Auth;
using FileSharing.Chunks;
using FileSharing.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace FileSharing.Api.Frontends.Rest;

/// <summary>GET /files/metadata/{file_id}, GET /files/by-path?path=</summary>
internal static class ReadMetadata
{
    public static async Task<MetadataReply> ByIdAsync(
        [FromRoute(Name = "file_id")] string fileId,
        bool? chunks,
        string? cursor,
        HttpContext context,
        Access access,
        Versions versions
    )
    {
        var entry = await access.ToAsync(context, fileId, Verb.Read);
        return await ReplyAsync(entry, chunks ?? false, cursor, context, versions);
    }

    /// <summary>"/a/b" in the caller's own space; "owner@host:/a/b" in that of another.</summary>
    public static async Task<MetadataReply> ByPathAsync(
        string? path,
        bool? chunks,
        string? cursor,
        HttpContext context,
        FileTree tree,
        Versions versions
    )
    {
        var (owner, names) = Split(path);
        var entry = Authorization.Authorize(
            context.Principal(),
            await tree.AccessByPathAsync(context.User().UserId, owner, names, context.RequestAborted),
            Verb.Read
        );
        return await ReplyAsync(entry, chunks ?? false, cursor, context, versions);
    }

    private static async Task<MetadataReply> ReplyAsync(
        EntryAccess entry,
        bool withChunks,
        string? cursor,
        HttpContext context,
        Versions versions
    )
    {
        var metadata = Messages.Metadata(entry);
        if (entry.VersionId is { } version)
        {
            context.Response.Headers.ETag = Access.ETag(version);
        }

        return new MetadataReply(
            withChunks && entry.Kind == EntryKind.File
                ? await WithChunksAsync(metadata, entry, cursor, versions, context.RequestAborted)
                : metadata
        );
    }

    private static async Task<FileMetadata> WithChunksAsync(
        FileMetadata metadata,
        Entry entry,
        string? cursor,
        Versions versions,
        CancellationToken ct
    )
    {
        var version = await versions.FindAsync(entry, null, ct);
        var (part, chunk) = ChunkKey(cursor);
        var rows = version is null
            ? []
            : await versions.ChunksAsync(version, part, chunk, Limits.PartsPerReply + 1, ct);
        var (items, next) = Paging.Page(rows, Limits.PartsPerReply, c => $"{c.PartIndex}.{c.ChunkNo}");
        return metadata with
        {
            Chunks = [.. items.Select(c => new ChunkMessage(new ChunkId(c.ChunkId), c.Size, "uploaded"))],
            NextCursor = next,
        };
    }

    private static (int Part, int Chunk) ChunkKey(string? cursor)
    {
        if (Paging.Key(cursor) is not { } key)
        {
            return (-1, -1);
        }

        var fields = key.Split('.');
        return fields.Length == 2 && int.TryParse(fields[0], out var part) && int.TryParse(fields[1], out var chunk)
            ? (part, chunk)
            : throw new ApiException(ApiError.InvalidRequest, "The cursor is not one that this list gave.");
    }

    private static (string? Owner, string[] Names) Split(string? path)
    {
        var slash = path?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        if (slash < 0 || (slash > 0 && path![slash - 1] != ':') || path!.Contains('\0', StringComparison.Ordinal))
        {
            throw new ApiException(
                ApiError.InvalidRequest,
                "path has the form /folder/file, or owner@host:/folder/file in the space of somebody else."
            );
        }

        return (
            slash > 0 ? path[..(slash - 1)] : null,
            path[slash..].Split('/', StringSplitOptions.RemoveEmptyEntries)
        );
    }
}
