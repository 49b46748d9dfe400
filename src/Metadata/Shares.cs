namespace FileSharing.Metadata;

/// <summary>Whom something is shared with.</summary>
public enum PrincipalKind
{
    User,
    Group,
}

/// <summary>That a user or a group may use an entry of another.</summary>
public sealed record Share
{
    public Guid ShareId { get; init; }
    public Guid SpaceId { get; init; }

    /// <summary>The file, or the folder with all below it.</summary>
    public Guid FileId { get; init; }

    /// <summary>Of a user or a group.</summary>
    public Guid SharedWith { get; init; }

    /// <summary>The e-mail address of a user, the name of a group.</summary>
    public required string SharedWithName { get; init; }
    public bool WithGroup { get; init; }

    /// <summary>Who gave it; null: an administrator, to a space of a team. It counts only while that one may still give it.</summary>
    public Guid? CreatedBy { get; init; }

    /// <summary>viewer, editor or manager.</summary>
    public required string Permissions { get; init; }
    public DateTime CreatedAt { get; init; }
}

/// <summary>Shares refer to entries, never to paths, so they follow a rename. The caller has checked the rights.</summary>
public sealed class Shares(MetadataDb db, IdSource ids, TimeProvider time)
{
    private const string Columns = """
        s.share_id, s.space_id, s.file_id, s.shared_with, s.with_group, COALESCE(u.email, g.name) AS shared_with_name, s.permissions,
        s.created_by, s.created_at
        """;

    private const string Tables =
        "shares s LEFT JOIN users u ON u.user_id = s.user_id LEFT JOIN groups g ON g.group_id = s.group_id";

    /// <summary>
    /// Gives that permission; a share that exists already gets it, and its giver, instead of its old ones. Only what the space's owner or an administrator gave
    /// stays theirs when the same is given again: it would else end with the rights of somebody whom it does not depend on.
    /// </summary>
    /// <param name="sharedWith">A user or a group, as <paramref name="kind"/> says.</param>
    /// <param name="createdBy">Who gives it; null: an administrator, on the root of a team's space.</param>
    /// <returns>The share's id, the same one when it existed.</returns>
    public Task<Guid> PutAsync(
        Entry entry,
        Guid sharedWith,
        PrincipalKind kind,
        Permission permission,
        Guid? createdBy,
        CancellationToken ct
    ) =>
        db.OneAsync<Guid>(
            """
            INSERT INTO shares (space_id, share_id, file_id, shared_with, with_group, permissions, created_by, created_at)
            VALUES (@SpaceId, @id, @EntryId, @sharedWith, @withGroup, @permission, @createdBy, @now)
            ON CONFLICT (space_id, file_id, shared_with) DO UPDATE SET permissions = EXCLUDED.permissions, created_by = CASE
                WHEN shares.permissions = EXCLUDED.permissions
                 AND (shares.created_by IS NULL OR shares.created_by = (SELECT owner_id FROM spaces WHERE space_id = @SpaceId))
                THEN shares.created_by ELSE EXCLUDED.created_by END
            RETURNING share_id
            """,
            new
            {
                entry.SpaceId,
                id = ids.Next(),
                entry.EntryId,
                sharedWith,
                withGroup = kind == PrincipalKind.Group,
                permission = Name(permission),
                createdBy,
                now = time.GetUtcNow().UtcDateTime,
            },
            ct
        );

    public Task<Share?> FindAsync(Guid shareId, CancellationToken ct) =>
        db.OneAsync<Share>($"SELECT {Columns} FROM {Tables} WHERE s.share_id = @shareId", new { shareId }, ct);

    /// <summary>A page of the shares on this entry itself, in order of creation.</summary>
    public Task<List<Share>> ListAsync(Entry entry, Guid after, int limit, CancellationToken ct) =>
        db.ListAsync<Share>(
            $"""
            SELECT {Columns} FROM {Tables}
            WHERE s.space_id = @SpaceId AND s.file_id = @EntryId AND s.share_id > @after
            ORDER BY s.share_id LIMIT @limit
            """,
            new
            {
                entry.SpaceId,
                entry.EntryId,
                after,
                limit,
            },
            ct
        );

    /// <summary>Ends a share; the next request of that user has no rights from it. Ending it twice is harmless.</summary>
    public Task DeleteAsync(Share share, CancellationToken ct) =>
        db.RunAsync(
            "DELETE FROM shares WHERE space_id = @SpaceId AND share_id = @ShareId",
            new { share.SpaceId, share.ShareId },
            ct
        );

    private static string Name(Permission permission) =>
        permission switch
        {
            Permission.Viewer => "viewer",
            Permission.Editor => "editor",
            Permission.Manager => "manager",
            _ => throw new ArgumentOutOfRangeException(
                nameof(permission),
                permission,
                "Only viewer, editor and manager can be given."
            ),
        };
}
