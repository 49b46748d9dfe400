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

    /// <summary>The entry of the one row of <c>target</c>, with @user's rights: the SQL function <c>access_of</c> decides them, for every query.</summary>
    private const string AccessToTarget = $"""
        SELECT {EntryColumns}, sp.owner_id, COALESCE(u.email, sp.name) AS owner, a.depth, a.permission
        FROM target t JOIN {EntryTables} ON e.space_id = t.space_id AND e.entry_id = t.entry_id
        JOIN spaces sp ON sp.space_id = e.space_id
        LEFT JOIN users u ON u.user_id = sp.owner_id
        CROSS JOIN LATERAL access_of(@user, t.space_id, t.entry_id) a
        """;

    /// <param name="entry">Null: the root of the user's own space.</param>
    /// <returns>Null when no such entry exists. An entry in the trash comes with <see cref="Permission.None"/>.</returns>
    public Task<EntryAccess?> AccessAsync(Guid user, Guid? entry, CancellationToken ct) =>
        entry is null
            ? db.OneAsync<EntryAccess>(
                $"""
                WITH target AS (SELECT space_id, root_id AS entry_id FROM spaces WHERE owner_id = @user)
                {AccessToTarget}
                """,
                new { user },
                ct
            )
            : db.OneAsync<EntryAccess>(
                $"""
                WITH target AS (SELECT space_id, entry_id FROM entries WHERE entry_id = @entry)
                {AccessToTarget}
                """,
                new { user, entry },
                ct
            );

    /// <param name="space">The space that the path starts in: the e-mail address of its owner or the name of a team; null for the user's own.</param>
    /// <param name="names">From the root downwards; empty for the root itself.</param>
    /// <returns>Null when there is no live entry at that path.</returns>
    public async Task<EntryAccess?> AccessByPathAsync(Guid user, string? space, string[] names, CancellationToken ct) =>
        names.Length > DepthMax + 1
            ? null
            : await db.OneAsync<EntryAccess>(
                $"""
                WITH RECURSIVE start AS (
                    SELECT space_id, root_id FROM spaces WHERE owner_id = @user AND @space::text IS NULL
                    UNION ALL SELECT sp.space_id, sp.root_id FROM spaces sp JOIN users u ON u.user_id = sp.owner_id WHERE u.email = lower(@space)
                    UNION ALL SELECT space_id, root_id FROM spaces WHERE name = @space
                ), down AS (
                    SELECT space_id, root_id AS entry_id, 0 AS level FROM start
                    UNION ALL
                    SELECT e.space_id, e.entry_id, d.level + 1
                    FROM down d JOIN entries e
                      ON e.space_id = d.space_id AND e.parent_id = d.entry_id AND e.trashed_at IS NULL
                     AND e.name = (@names)[d.level + 1]
                ), target AS (SELECT space_id, entry_id FROM down WHERE level = cardinality(@names))
                {AccessToTarget}
                """,
                new
                {
                    user,
                    space,
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

    /// <summary>What others gave to a user or a group of the user, in order of the share; without what gives no right now.</summary>
    public Task<List<SharedEntry>> SharedWithAsync(Guid user, Guid afterShare, int limit, CancellationToken ct) =>
        db.ListAsync<SharedEntry>(
            $"""
            SELECT {EntryColumns}, s.share_id, s.permissions, COALESCE(o.email, sp.name) AS owner
            FROM shares s
            JOIN {EntryTables} ON e.space_id = s.space_id AND e.entry_id = s.file_id
            JOIN spaces sp ON sp.space_id = s.space_id
            LEFT JOIN users o ON o.user_id = sp.owner_id
            WHERE s.shared_with = ANY (principals_of(@user)) AND s.share_id > @afterShare
              AND (access_of(@user, s.space_id, s.file_id)).permission > 0
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

    /// <summary>E-mail address of the owner of its space, or the name of the team.</summary>
    public required string Owner { get; init; }
}
