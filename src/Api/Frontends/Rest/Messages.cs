using FileSharing.Api.Placement;
using FileSharing.Chunks;
using FileSharing.Metadata;

namespace FileSharing.Api.Frontends.Rest;

/// <summary>From rows to messages.</summary>
internal static class Messages
{
    public static string Kind(Entry entry) => entry.Kind == EntryKind.Folder ? "folder" : "file";

    public static string? Hex(byte[]? fingerprint) =>
        fingerprint is null ? null : Convert.ToHexStringLower(fingerprint);

    public static UserReply Of(User user) =>
        new(user.UserId, user.Name, user.Email, user.IsAdministrator, user.CreatedAt);

    public static EntryMessage Of(Entry entry) =>
        new(
            entry.EntryId,
            Kind(entry),
            entry.Name,
            entry.Size ?? 0,
            entry.MimeType,
            entry.VersionCreatedAt ?? entry.CreatedAt,
            entry.VersionId,
            entry.ParentId,
            Hex(entry.Fingerprint)
        );

    public static SharedEntryMessage OfShared(SharedEntry entry) =>
        new(
            entry.EntryId,
            Kind(entry),
            entry.Name,
            entry.Size ?? 0,
            entry.MimeType,
            entry.VersionCreatedAt ?? entry.CreatedAt,
            entry.VersionId,
            Hex(entry.Fingerprint),
            entry.ShareId,
            entry.Permissions,
            entry.Owner
        );

    public static FileMetadata Metadata(EntryAccess entry) =>
        new(
            entry.EntryId,
            Kind(entry),
            entry.Name,
            entry.Size ?? 0,
            entry.MimeType,
            entry.VersionCreatedAt ?? entry.CreatedAt,
            entry.VersionId,
            "uploaded",
            entry.Owner,
            entry.ParentId,
            Hex(entry.Fingerprint),
            entry.Kind == EntryKind.File ? "zstd" : null,
            entry.Permission.ToString().ToLowerInvariant(),
            Chunks: null,
            NextCursor: null
        );

    public static string Status(ChunkStatus status) =>
        status switch
        {
            ChunkStatus.NotUploaded => "not-uploaded",
            ChunkStatus.Uploaded => "uploaded",
            _ => "have",
        };

    public static string Status(UploadStatus status) =>
        status switch
        {
            UploadStatus.Open => "uploading",
            UploadStatus.Committed => "uploaded",
            UploadStatus.Aborted => "aborted",
            _ => "expired",
        };

    /// <summary>A session with a run of its parts; those still to be sent get fresh URLs while it is open.</summary>
    /// <param name="policy">The cluster's chunking policy, so that clients that cut cut alike.</param>
    public static UploadReply Upload(
        UploadSession session,
        IReadOnlyList<UploadPart> parts,
        NodeUrls urls,
        string policy,
        int end,
        long? uploadedBytes = null
    )
    {
        var messages = parts.Select(p => Part(session, p, urls)).ToList();
        var next = parts.Count > 0 ? parts[^1].Index + 1 : end;
        return new UploadReply(
            session.FileId,
            session.UploadId,
            Status(session.Status),
            [.. messages.Where(m => m.Url is not null).Select(m => m.Url!)],
            messages,
            next < end ? Paging.Cursor(next.ToString()) : null,
            session.Size,
            session.PartSize,
            session.PartCount,
            policy,
            session.ExpiresAt,
            uploadedBytes,
            session.VersionId
        );
    }

    private static PartMessage Part(UploadSession session, UploadPart part, NodeUrls urls)
    {
        string[]? at = null;
        if (part.Status == ChunkStatus.NotUploaded && session.Status == UploadStatus.Open)
        {
            at = part.ChunkId is { } id
                ? urls.PutChunk(session, part.Index, id, (int)part.Size)
                : urls.PutPart(session, part.Index);
        }

        return new PartMessage(part.Index, part.ChunkId, part.Size, Status(part.Status), at?[0], at);
    }

    /// <exception cref="ApiException"><see cref="ApiError.InvalidRequest"/>.</exception>
    public static List<ListedChunk> Listed(IReadOnlyList<ChunkSizeMessage> chunks)
    {
        if (chunks.Count > Limits.ChunksPerRequestMax)
        {
            throw new ApiException(
                ApiError.InvalidRequest,
                $"A call lists at most {Limits.ChunksPerRequestMax} chunks. Send the list in several, with more=true."
            );
        }

        if (chunks.Any(c => c is not { Size: >= 1 and <= ChunkingPolicy.ChunkBytesMax }))
        {
            throw new ApiException(
                ApiError.InvalidRequest,
                $"A chunk has an id and a size of 1 to {ChunkingPolicy.ChunkBytesMax} bytes."
            );
        }

        return [.. chunks.Select(c => new ListedChunk(c.Id, (int)c.Size))];
    }
}
