using FileSharing.Chunks;

namespace FileSharing.Metadata;

/// <summary>One version of a file: what to read, and how to describe it.</summary>
public sealed record FileVersion
{
    public Guid SpaceId { get; init; }
    public Guid VersionId { get; init; }
    public Guid EntryId { get; init; }
    public Guid UploadId { get; init; }
    public required byte[] ContentId { get; init; }
    public RecordKind ContentKind { get; init; }
    public long Size { get; init; }
    public required string MimeType { get; init; }
    public byte[]? Fingerprint { get; init; }
    public DateTime CreatedAt { get; init; }
}

/// <summary>A chunk of a version or session, in order.</summary>
public sealed record StoredChunk
{
    public int PartIndex { get; init; }
    public int ChunkNo { get; init; }
    public required byte[] ChunkId { get; init; }
    public int Size { get; init; }
    public ChunkStatus Status { get; init; }
}

/// <summary>Reads versions and their chunk lists. The caller has checked the rights on the entry.</summary>
public sealed class Versions(MetadataDb db)
{
    /// <param name="versionId">Null: the current one.</param>
    public Task<FileVersion?> FindAsync(Entry entry, Guid? versionId, CancellationToken ct) =>
        db.OneAsync<FileVersion>(
            """
            SELECT space_id, version_id, entry_id, upload_id, content_id, content_kind, size, mime_type, fingerprint, created_at
            FROM versions WHERE space_id = @SpaceId AND version_id = @id AND entry_id = @EntryId
            """,
            new
            {
                entry.SpaceId,
                entry.EntryId,
                id = versionId ?? entry.VersionId,
            },
            ct
        );

    /// <summary>What a committed upload became.</summary>
    public async Task<CommittedUpload> CommittedAsync(Guid spaceId, Guid versionId, CancellationToken ct)
    {
        var version = await db.OneAsync<FileVersion>(
            """
            SELECT space_id, version_id, entry_id, upload_id, content_id, content_kind, size, mime_type, fingerprint, created_at
            FROM versions WHERE space_id = @spaceId AND version_id = @versionId
            """,
            new { spaceId, versionId },
            ct
        );
        return version is null
            ? throw new MetadataException(MetadataError.NotFound, "The version was deleted since.")
            : new CommittedUpload(
                version.EntryId,
                version.VersionId,
                version.Size,
                version.Fingerprint is { } bytes ? new ChunkId(bytes) : null
            );
    }

    /// <summary>A page of the chunks of a version, in file order.</summary>
    public Task<List<StoredChunk>> ChunksAsync(
        FileVersion version,
        int afterPart,
        int afterChunk,
        int limit,
        CancellationToken ct
    ) =>
        db.ListAsync<StoredChunk>(
            """
            SELECT part_index, chunk_no, chunk_id, size, status FROM upload_chunks
            WHERE space_id = @SpaceId AND upload_id = @UploadId AND (part_index, chunk_no) > (@afterPart, @afterChunk)
            ORDER BY part_index, chunk_no LIMIT @limit
            """,
            new
            {
                version.SpaceId,
                version.UploadId,
                afterPart,
                afterChunk,
                limit,
            },
            ct
        );
}
