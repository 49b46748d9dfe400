using FileSharing.Chunks;

namespace FileSharing.Metadata;

/// <summary>A version of a file that needs a chunk or manifest.</summary>
public sealed record ContentUse
{
    public required byte[] ContentId { get; init; }

    /// <summary>Plain bytes of a chunk; 0 of a manifest.</summary>
    public int Size { get; init; }

    /// <summary>Versions that need it, in all: only the first are listed.</summary>
    public long Uses { get; init; }

    public Guid FileId { get; init; }
    public Guid VersionId { get; init; }

    /// <summary>From the root of its space.</summary>
    public required string Path { get; init; }

    /// <summary>E-mail address of the owner of its space, or the name of the team.</summary>
    public required string Owner { get; init; }

    /// <summary>False for an earlier version of the file.</summary>
    public bool IsCurrent { get; init; }

    /// <summary>The file, or a folder above it, is in the trash.</summary>
    public bool IsTrashed { get; init; }
}

/// <summary>Who needs which chunks and manifests, across all spaces: for the administrator. Thread-safe.</summary>
public sealed class ContentUses(MetadataDb db)
{
    /// <summary>The versions that need these, the trash included.</summary>
    /// <param name="each">Of each id at most so many.</param>
    public Task<List<ContentUse>> OfAsync(IReadOnlyCollection<ChunkId> ids, int each, CancellationToken ct) =>
        db.ListAsync<ContentUse>(
            """
            WITH used AS (
                SELECT c.chunk_id AS content_id, max(c.size) AS size, v.space_id, v.version_id
                FROM upload_chunks c JOIN versions v ON v.space_id = c.space_id AND v.upload_id = c.upload_id
                WHERE c.chunk_id = ANY (@ids) AND c.status > 0
                GROUP BY c.chunk_id, v.space_id, v.version_id
                UNION
                SELECT content_id, 0, space_id, version_id FROM versions WHERE content_kind = 2 AND content_id = ANY (@ids)
                UNION
                SELECT inner_id, 0, space_id, version_id FROM versions, unnest(inner_manifests) AS inner_id
                WHERE inner_manifests <> '{}' AND inner_id = ANY (@ids)
            ), ranked AS (
                SELECT *, count(*) OVER (PARTITION BY content_id) AS uses,
                       row_number() OVER (PARTITION BY content_id ORDER BY version_id) AS place
                FROM used
            )
            SELECT r.content_id, r.size, r.uses, v.entry_id AS file_id, v.version_id, COALESCE(u.email, s.name) AS owner,
                   e.current_version = v.version_id AS is_current, up.path, up.is_trashed
            FROM ranked r
            JOIN versions v ON v.space_id = r.space_id AND v.version_id = r.version_id
            JOIN entries e ON e.space_id = v.space_id AND e.entry_id = v.entry_id
            JOIN spaces s ON s.space_id = v.space_id
            LEFT JOIN users u ON u.user_id = s.owner_id
            CROSS JOIN LATERAL (
                WITH RECURSIVE up AS (
                    SELECT e.parent_id, e.name, e.trashed_at, 0 AS level
                    UNION ALL
                    SELECT a.parent_id, a.name, a.trashed_at, up.level + 1
                    FROM entries a JOIN up ON a.space_id = e.space_id AND a.entry_id = up.parent_id
                )
                SELECT '/' || string_agg(name, '/' ORDER BY level DESC) FILTER (WHERE parent_id IS NOT NULL) AS path,
                       bool_or(trashed_at IS NOT NULL) AS is_trashed
                FROM up
            ) up
            WHERE r.place <= @each
            ORDER BY r.content_id, r.version_id
            """,
            new { ids = ids.Select(id => id.ToByteArray()).ToArray(), each },
            ct
        );
}
