namespace FileSharing.Metadata;

/// <summary>Reads the tree of folders and files. Rights come with each entry; the API decides by them.</summary>
public sealed class FileTree(MetadataDb db)
{
    /// <summary>Levels of folders below a root. A path has at most one component more, its file; longer ones are not found.</summary>
    public const int DepthMax = 200;

    internal const string EntryColumns = """
        e.space_id, e.entry_id, e.parent_id, e.kind, e.name, e.created_at, e.updated_at, v.version_id, v.size, v.mime_type,
        v.created_at AS version_created_at, v.fingerprint
        """;

    internal const string EntryTables = """
        entries e LEFT JOIN versions v ON v.space_id = e.space_id AND v.version_id = e.current_version
        """;

    /// <summary>Walks from one entry (@entry in @space) to the root; @user's rights are the strongest met on the way.</summary>
    private const string AccessFromTarget = $"""
        , up AS (
            SELECT e.space_id, e.entry_id, e.parent_id, e.trashed_at, 0 AS depth
            FROM entries e JOIN target t ON t.space_id = e.space_id AND t.entry_id = e.entry_id
            UNION ALL
            SELECT e.space_id, e.entry_id, e.parent_id, e.trashed_at, up.depth + 1
            FROM entries e JOIN up ON e.space_id = up.space_id AND e.entry_id = up.parent_id
        )
        SELECT {EntryColumns}, sp.owner_id, u.email AS owner_email,
               (SELECT max(depth) FROM up) AS depth,
               CASE WHEN EXISTS (SELECT 1 FROM up WHERE trashed_at IS NOT NULL) THEN 0
                    WHEN sp.owner_id = @user THEN 4
                    ELSE COALESCE((SELECT max(array_position(ARRAY['viewer', 'editor', 'manager'], s.permissions))
                                   FROM shares s JOIN up ON up.space_id = s.space_id AND up.entry_id = s.file_id
                                   WHERE s.shared_with = @user), 0)
               END AS permission
        FROM target t JOIN {EntryTables} ON e.space_id = t.space_id AND e.entry_id = t.entry_id
        JOIN spaces sp ON sp.space_id = e.space_id
        JOIN users u ON u.user_id = sp.owner_id
        """;

    /// <param name="entry">Null: the root of the user's own space.</param>
    /// <returns>Null when no such entry exists. An entry in the trash comes with <see cref="Permission.None"/>.</returns>
    public Task<EntryAccess?> AccessAsync(Guid user, Guid? entry, CancellationToken ct) =>
        entry is null
            ? db.OneAsync<EntryAccess>(
                $"""
                WITH RECURSIVE target AS (SELECT space_id, root_id AS entry_id FROM spaces WHERE owner_id = @user)
                {AccessFromTarget}
                """,
                new { user },
                ct
            )
            : db.OneAsync<EntryAccess>(
                $"""
                WITH RECURSIVE target AS (SELECT space_id, entry_id FROM entries WHERE entry_id = @entry)
                {AccessFromTarget}
                """,
                new { user, entry },
                ct
            );

    /// <param name="spaceOwner">Whose space the path starts in: the e-mail address of its owner; null for the user's own.</param>
    /// <param name="names">From the root downwards; empty for the root itself.</param>
    /// <returns>Null when there is no live entry at that path.</returns>
    public async Task<EntryAccess?> AccessByPathAsync(
        Guid user,
        string? spaceOwner,
        string[] names,
        CancellationToken ct
    ) =>
        names.Length > DepthMax + 1
            ? null
            : await db.OneAsync<EntryAccess>(
                $"""
                WITH RECURSIVE start AS (
                    SELECT space_id, root_id FROM spaces
                    WHERE owner_id = CASE WHEN @spaceOwner IS NULL THEN @user ELSE (SELECT user_id FROM users WHERE email = lower(@spaceOwner)) END
                ), down AS (
                    SELECT space_id, root_id AS entry_id, 0 AS level FROM start
                    UNION ALL
                    SELECT e.space_id, e.entry_id, d.level + 1
                    FROM down d JOIN entries e
                      ON e.space_id = d.space_id AND e.parent_id = d.entry_id AND e.trashed_at IS NULL
                     AND e.name = (@names)[d.level + 1]
                ), target AS (SELECT space_id, entry_id FROM down WHERE level = cardinality(@names))
                {AccessFromTarget}
                """,
                new
                {
                    user,
                    spaceOwner,
                    names,
                },
                ct
            );

    /// <summary>A page of the live children of a folder, in byte order of their names.</summary>
    /// <param name="afterName">The last name of the page before; null for the first page.</param>
    public Task<List<Entry>> ChildrenAsync(Entry folder, string? afterName, int limit, CancellationToken ct) =>
        db.ListAsync<Entry>(
            $"""
            SELECT {EntryColumns} FROM {EntryTables}
            WHERE e.space_id = @SpaceId AND e.parent_id = @EntryId AND e.trashed_at IS NULL AND e.name > @after
            ORDER BY e.name LIMIT @limit
            """,
            new
            {
                folder.SpaceId,
                folder.EntryId,
                after = afterName ?? "",
                limit,
            },
            ct
        );

    /// <summary>What entries a user was given by others, in order of the share.</summary>
    public Task<List<SharedEntry>> SharedWithAsync(Guid user, Guid afterShare, int limit, CancellationToken ct) =>
        db.ListAsync<SharedEntry>(
            $"""
            SELECT {EntryColumns}, s.share_id, s.permissions, o.email AS owner_email
            FROM shares s
            JOIN {EntryTables} ON e.space_id = s.space_id AND e.entry_id = s.file_id
            JOIN spaces sp ON sp.space_id = s.space_id
            JOIN users o ON o.user_id = sp.owner_id
            WHERE s.shared_with = @user AND s.share_id > @afterShare AND NOT EXISTS (
                WITH RECURSIVE up AS (
                    SELECT e.parent_id, e.trashed_at
                    UNION ALL
                    SELECT a.parent_id, a.trashed_at FROM entries a JOIN up ON a.space_id = s.space_id AND a.entry_id = up.parent_id
                )
                SELECT 1 FROM up WHERE trashed_at IS NOT NULL)
            ORDER BY s.share_id LIMIT @limit
            """,
            new
            {
                user,
                afterShare,
                limit,
            },
            ct
        );
}

/// <summary>An entry that another user shared.</summary>
public sealed record SharedEntry : Entry
{
    public Guid ShareId { get; init; }
    public required string Permissions { get; init; }
    public required string OwnerEmail { get; init; }
}
