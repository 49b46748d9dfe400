namespace FileSharing.Metadata;

/// <summary>That one user may use an entry of another.</summary>
public sealed record Share
{
    public Guid ShareId { get; init; }
    public Guid SpaceId { get; init; }

    /// <summary>The file, or the folder with all below it.</summary>
    public Guid FileId { get; init; }
    public Guid SharedWith { get; init; }
    public required string SharedWithEmail { get; init; }

    /// <summary>viewer, editor or manager.</summary>
    public required string Permissions { get; init; }
    public DateTime CreatedAt { get; init; }
}

/// <summary>Shares refer to entries, never to paths, so they follow a rename. The caller has checked the rights.</summary>
public sealed class Shares(MetadataDb db, IdSource ids, TimeProvider time)
{
    private const string Columns = """
        s.share_id, s.space_id, s.file_id, s.shared_with, u.email AS shared_with_email, s.permissions, s.created_at
        """;

    /// <summary>Gives <paramref name="user"/> that permission; a share that exists already gets it instead of its old one.</summary>
    /// <returns>The share's id, the same one when it existed.</returns>
    public Task<Guid> PutAsync(Entry entry, Guid user, Permission permission, Guid createdBy, CancellationToken ct) =>
        db.OneAsync<Guid>(
            """
            INSERT INTO shares (space_id, share_id, file_id, shared_with, permissions, created_by, created_at)
            VALUES (@SpaceId, @id, @EntryId, @user, @permission, @createdBy, @now)
            ON CONFLICT (space_id, file_id, shared_with) DO UPDATE SET permissions = EXCLUDED.permissions
            RETURNING share_id
            """,
            new
            {
                entry.SpaceId,
                id = ids.Next(),
                entry.EntryId,
                user,
                permission = Name(permission),
                createdBy,
                now = time.GetUtcNow().UtcDateTime,
            },
            ct
        );

    public Task<Share?> FindAsync(Guid shareId, CancellationToken ct) =>
        db.OneAsync<Share>(
            $"SELECT {Columns} FROM shares s JOIN users u ON u.user_id = s.shared_with WHERE s.share_id = @shareId",
            new { shareId },
            ct
        );

    /// <summary>A page of the shares on this entry itself, in order of creation.</summary>
    public Task<List<Share>> ListAsync(Entry entry, Guid after, int limit, CancellationToken ct) =>
        db.ListAsync<Share>(
            $"""
            SELECT {Columns} FROM shares s JOIN users u ON u.user_id = s.shared_with
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
