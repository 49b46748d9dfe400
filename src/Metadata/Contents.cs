using FileSharing.Chunks;

namespace FileSharing.Metadata;

/// <summary>Counts over everything that is stored for users.</summary>
public sealed record Totals
{
    /// <summary>Bytes of all versions as their owners see them, those in the trash included.</summary>
    public long LogicalBytes { get; init; }

    /// <summary>Files that can be listed: not in the trash, nor below a folder that is.</summary>
    public long Files { get; init; }
    public long Users { get; init; }
}

/// <summary>
/// Reads across all spaces, for the administrator and for the audit of copies. "Live" is what a version refers to, the trash included:
/// those bytes must be there.
/// </summary>
public sealed class Contents(MetadataDb db)
{
    public async Task<Totals> TotalsAsync(CancellationToken ct) =>
        (
            await db.OneAsync<Totals>(
                """
                WITH RECURSIVE gone AS (
                    SELECT space_id, entry_id, kind FROM entries WHERE trashed_at IS NOT NULL
                    UNION
                    SELECT e.space_id, e.entry_id, e.kind FROM entries e JOIN gone g ON e.space_id = g.space_id AND e.parent_id = g.entry_id
                )
                SELECT (SELECT COALESCE(sum(size), 0)::bigint FROM versions) AS logical_bytes,
                       (SELECT count(*) FROM entries WHERE kind = 2) - (SELECT count(*) FROM gone WHERE kind = 2) AS files,
                       (SELECT count(*) FROM users) AS users
                """,
                null,
                ct
            )
        )!;

    /// <summary>Distinct chunks of live versions, in order of id.</summary>
    /// <param name="after">The last id of the page before; null for the first page.</param>
    public async Task<List<ChunkId>> LiveChunksAsync(ChunkId? after, int limit, CancellationToken ct) =>
        Ids(
            await db.ListAsync<byte[]>(
                """
                SELECT DISTINCT c.chunk_id FROM upload_chunks c
                WHERE c.status > 0 AND c.chunk_id > @after
                  AND EXISTS (SELECT 1 FROM versions v WHERE v.space_id = c.space_id AND v.upload_id = c.upload_id)
                ORDER BY c.chunk_id LIMIT @limit
                """,
                new { after = Bytes(after), limit },
                ct
            )
        );

    /// <summary>Distinct manifests of live versions, in order of id.</summary>
    public async Task<List<ChunkId>> LiveManifestsAsync(ChunkId? after, int limit, CancellationToken ct) =>
        Ids(
            await db.ListAsync<byte[]>(
                """
                SELECT id FROM (
                    SELECT content_id AS id FROM versions WHERE content_kind = 2
                    UNION SELECT unnest(inner_manifests) FROM versions WHERE inner_manifests <> '{}') m
                WHERE id > @after ORDER BY id LIMIT @limit
                """,
                new { after = Bytes(after), limit },
                ct
            )
        );

    private static byte[] Bytes(ChunkId? after) => after?.ToByteArray() ?? [];

    private static List<ChunkId> Ids(List<byte[]> rows) => [.. rows.Select(r => new ChunkId(r))];
}
