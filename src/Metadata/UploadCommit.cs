using FileSharing.Chunks;

namespace FileSharing.Metadata;

/// <summary>What a committed upload became.</summary>
/// <param name="FileId">The file, new or with a new version.</param>
/// <param name="Fingerprint">SHA-256 of the whole file, null where it is not proved.</param>
public sealed record CommittedUpload(Guid FileId, Guid VersionId, long Size, ChunkId? Fingerprint);

/// <summary>The content that a session's chunks add up to.</summary>
/// <param name="Fingerprint">SHA-256 of the whole file, proved, never merely declared; null when nobody has computed it.</param>
/// <param name="InnerManifests">Manifests that <paramref name="Id"/> names, when one is not enough.</param>
public sealed record UploadContent(
    ChunkId Id,
    RecordKind Kind,
    IReadOnlyList<ChunkId> InnerManifests,
    ChunkId? Fingerprint,
    string Policy
);

/// <summary>
/// Makes an upload's version visible, in one transaction that copies no row: the chunk list of the version is the rows of its session,
/// so the cost does not depend on the size of the file.
/// </summary>
public sealed class UploadCommit(MetadataDb db, UploadSessions sessions, IdSource ids, TimeProvider time)
{
    /// <summary>All chunks in file order, each proved.</summary>
    /// <exception cref="MetadataException"><see cref="MetadataError.UploadIncomplete"/>: call <see cref="MissingPartsAsync"/> for which.</exception>
    public async Task<IReadOnlyList<ManifestEntry>> ProvedChunksAsync(UploadSession session, CancellationToken ct)
    {
        var rows = await db.ListAsync<StoredChunk>(
            """
            SELECT part_index, chunk_no, chunk_id, size, status FROM upload_chunks
            WHERE space_id = @SpaceId AND upload_id = @UploadId ORDER BY part_index, chunk_no
            """,
            new { session.SpaceId, session.UploadId },
            ct
        );
        var proved = rows.Where(r => r.Status != ChunkStatus.NotUploaded).ToList();
        var parts = proved.Select(r => r.PartIndex).Distinct().Count();
        if (
            !session.ListComplete
            || proved.Count != rows.Count
            || parts != session.PartCount
            || proved.Sum(r => (long)r.Size) != session.Size
        )
        {
            throw new MetadataException(MetadataError.UploadIncomplete, "Not every part of the upload has arrived.");
        }

        return [.. proved.Select(r => new ManifestEntry(new ChunkId(r.ChunkId), r.Size))];
    }

    /// <summary>The first parts that are not proved, in order; at most <paramref name="limit"/>.</summary>
    public Task<List<int>> MissingPartsAsync(UploadSession session, int limit, CancellationToken ct) =>
        db.ListAsync<int>(
            """
            SELECT i FROM generate_series(0, @PartCount - 1) AS i
            WHERE NOT EXISTS (
                SELECT 1 FROM upload_chunks c
                WHERE c.space_id = @SpaceId AND c.upload_id = @UploadId AND c.part_index = i AND c.status > 0)
            ORDER BY i LIMIT @limit
            """,
            new
            {
                session.SpaceId,
                session.UploadId,
                session.PartCount,
                limit,
            },
            ct
        );

    /// <summary>The one transaction of a commit: readers see the whole new version afterwards, and nothing of it before.</summary>
    /// <param name="session">As it was read before the list that <paramref name="content"/> was made of.</param>
    /// <exception cref="MetadataException"><see cref="MetadataError.UploadChanged"/>: the list is another one since; <see cref="MetadataError.UploadGone"/>; <see cref="MetadataError.UploadCommitted"/>; <see cref="MetadataError.NameTaken"/>;
    /// <see cref="MetadataError.NotFound"/> when the folder or file was deleted meanwhile; <see cref="MetadataError.VersionChanged"/>.</exception>
    public Task<CommittedUpload> CommitAsync(UploadSession session, UploadContent content, CancellationToken ct) =>
        TreeChanges.RefuseTakenName(
            session.Name,
            () => db.InTransactionAsync(tx => CommitInAsync(tx, session, content), ct)
        );

    private async Task<CommittedUpload> CommitInAsync(Transaction tx, UploadSession session, UploadContent content)
    {
        var locked = await sessions.LockOpenAsync(tx, session);
        if (locked.Revision != session.Revision)
        {
            throw new MetadataException(
                MetadataError.UploadChanged,
                "Parts of the upload were sent again while it was completed. Complete it again."
            );
        }

        var versionId = ids.Next();
        var args = new
        {
            locked.SpaceId,
            locked.UploadId,
            locked.UserId,
            locked.ParentId,
            locked.Name,
            locked.FileId,
            locked.BaseVersion,
            versionId,
            now = time.GetUtcNow().UtcDateTime,
            contentId = content.Id.ToByteArray(),
            contentKind = (short)content.Kind,
            innerManifests = content.InnerManifests.Select(m => m.ToByteArray()).ToArray(),
            locked.Size,
            locked.MimeType,
            fingerprint = content.Fingerprint?.ToByteArray(),
            content.Policy,
        };
        var entries = await tx.RunAsync(locked.IsNewFile ? NewFile : NewVersionOfFile, args);
        if (entries == 0)
        {
            throw await RefusalAsync(tx, locked, args);
        }

        await tx.RunAsync(InsertVersion, args);
        return new CommittedUpload(locked.FileId, versionId, locked.Size, content.Fingerprint);
    }

    private const string NewFile = """
        INSERT INTO entries (space_id, entry_id, parent_id, kind, name, current_version, created_by, created_at, updated_at)
        SELECT @SpaceId, @FileId, p.entry_id, 2, @Name, @versionId, @UserId, @now, @now
        FROM (SELECT entry_id FROM entries
              WHERE space_id = @SpaceId AND entry_id = @ParentId AND kind = 1 AND trashed_at IS NULL FOR SHARE) p
        """;

    private const string NewVersionOfFile = """
        UPDATE entries SET current_version = @versionId, updated_at = @now
        WHERE space_id = @SpaceId AND entry_id = @FileId AND kind = 2 AND trashed_at IS NULL
          AND (@BaseVersion::uuid IS NULL OR current_version = @BaseVersion)
        """;

    private const string InsertVersion = """
        WITH version AS (
            INSERT INTO versions (space_id, version_id, entry_id, upload_id, content_id, content_kind, inner_manifests, size, mime_type,
                                  fingerprint, policy, created_by, created_at)
            VALUES (@SpaceId, @versionId, @FileId, @UploadId, @contentId, @contentKind, @innerManifests, @Size, @MimeType,
                    @fingerprint, @Policy, @UserId, @now)
        )
        UPDATE upload_sessions SET status = 1, version_id = @versionId WHERE space_id = @SpaceId AND upload_id = @UploadId
        """;

    private static async Task<MetadataException> RefusalAsync(Transaction tx, UploadSession session, object args)
    {
        var isThere =
            !session.IsNewFile
            && await tx.OneAsync<bool>(
                "SELECT EXISTS (SELECT 1 FROM entries WHERE space_id = @SpaceId AND entry_id = @FileId AND trashed_at IS NULL)",
                args
            );
        return isThere
            ? new MetadataException(
                MetadataError.VersionChanged,
                "The file got another version since the upload began. Read it again and decide."
            )
            : new MetadataException(MetadataError.NotFound, "The target was deleted while the upload ran.");
    }
}
