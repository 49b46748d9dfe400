using System.Text;
using FileSharing.Api.Auth;
using FileSharing.Api.Placement;
using FileSharing.Api.Uploads;
using FileSharing.Chunks;
using FileSharing.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FileSharing.Api.Frontends.Rest;

/// <summary>POST /files/upload</summary>
internal static class UploadOpen
{
    private const string TypeDefault = "application/octet-stream";
    private const int TypeLengthMax = 255;

    public static async Task<Created<UploadReply>> HandleAsync(
        UploadRequest request,
        HttpContext context,
        Access access,
        UploadOpening opening,
        ClusterState cluster,
        NodeUrls urls
    )
    {
        _ = cluster.Map.Required;
        if (request is not { Metadata: { Size: >= 0 and <= Limits.FileBytesMax } file })
        {
            throw new ApiException(
                ApiError.InvalidRequest,
                $"metadata with name and size (0 to {Limits.FileBytesMax} bytes) is needed."
            );
        }

        var upload = await TargetAsync(request, file, context, access);
        var opened = await opening.OpenAsync(upload, context.RequestAborted);
        return TypedResults.Created(
            $"/files/upload/{opened.Session.UploadId:D}",
            Messages.Upload(
                opened.Session,
                opened.Parts,
                urls,
                cluster.Secrets.ChunkingPolicy,
                opened.Session.PartCount
            )
        );
    }

    private static async Task<NewUpload> TargetAsync(
        UploadRequest request,
        NewFile file,
        HttpContext context,
        Access access
    )
    {
        var isNew = request.FileId is null;
        var target = isNew
            ? await access.ToFolderAsync(context, request.ParentId, Verb.Write)
            : await access.ToFileAsync(context, request.FileId!.Value.ToString("D"), Verb.Write);
        var chunks = request.Chunks is null ? [] : Messages.Listed(request.Chunks);
        return new NewUpload
        {
            SpaceId = target.SpaceId,
            UserId = context.User().UserId,
            ParentId = isNew ? target.EntryId : target.ParentId!.Value,
            Name = isNew ? EntryName.Check(file.Name) : target.Name,
            FileId = isNew ? null : target.EntryId,
            BaseVersion = isNew ? null : Access.IfMatch(context, target),
            Size = file.Size!.Value,
            MimeType = MimeType(file.Type),
            Fingerprint = Fingerprint(file, chunks, isComplete: request is { Chunks: not null, More: false }),
            PartSize = request.Chunks is null ? PartSize(request.PartSize, file.Size.Value) : 0,
            ListComplete = request.Chunks is null || !request.More,
            Chunks = chunks,
        };
    }

    private static long PartSize(long? asked, long size)
    {
        var bytes = asked ?? Math.Max(Limits.PartBytesDefault, SmallestFor(size));
        if (bytes is < Limits.PartBytesMin or > Limits.PartBytesMax || size > bytes * UploadSessions.PartsMax)
        {
            throw new ApiException(
                ApiError.InvalidRequest,
                $"part_size is {Limits.PartBytesMin} to {Limits.PartBytesMax} bytes, and a file has at most {UploadSessions.PartsMax} parts."
            );
        }

        return bytes;
    }

    /// <summary>The default grows by doubling for files that would have too many parts.</summary>
    private static long SmallestFor(long size)
    {
        var bytes = Limits.PartBytesDefault;
        while (bytes * UploadSessions.PartsMax < size)
        {
            bytes *= 2;
        }

        return bytes;
    }

    /// <summary>It becomes a response header of storage nodes, so only what a header may hold.</summary>
    private static string MimeType(string? type)
    {
        if (string.IsNullOrEmpty(type))
        {
            return TypeDefault;
        }

        return
            type.Length <= TypeLengthMax
            && Ascii.IsValid(type)
            && !type.Any(char.IsControl)
            && type.Contains('/', StringComparison.Ordinal)
            ? type
            : throw new ApiException(
                ApiError.InvalidRequest,
                $"type is a media type such as text/plain, at most {TypeLengthMax} ASCII characters."
            );
    }

    private static ChunkId? Fingerprint(NewFile file, List<ListedChunk> chunks, bool isComplete)
    {
        if (file.Fingerprint is null)
        {
            return null;
        }

        if (!ChunkId.TryParse(file.Fingerprint, null, out var fingerprint))
        {
            throw new ApiException(
                ApiError.InvalidRequest,
                "fingerprint is the SHA-256 of the whole file: 64 lower-case hex digits."
            );
        }

        return isComplete && chunks.Count == 1 && chunks[0].Id != fingerprint
            ? throw new ApiException(
                ApiError.InvalidRequest,
                "The file is one chunk, so its fingerprint is the chunk's id; these differ."
            )
            : fingerprint;
    }
}
