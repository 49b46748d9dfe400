using Npgsql;

namespace FileSharing.Metadata;

/// <summary>
/// Changes the tree: a new folder, another name or place, into the trash. Each is one row. The caller has checked the rights.
/// </summary>
public sealed class TreeChanges(MetadataDb db, IdSource ids, TimeProvider time)
{
    /// <summary>Creates an empty folder.</summary>
    /// <exception cref="MetadataException"><see cref="MetadataError.NameTaken"/>; <see cref="MetadataError.Invalid"/> name or depth;
    /// <see cref="MetadataError.NotFound"/> when the parent was deleted meanwhile.</exception>
    public Task<Guid> CreateFolderAsync(Entry parent, string name, Guid user, CancellationToken ct)
    {
        EntryName.Check(name);
        if (parent.Kind != EntryKind.Folder)
        {
            throw new MetadataException(MetadataError.Invalid, "A folder is made in a folder.");
        }

        var args = new
        {
            parent.SpaceId,
            EntryId = ids.Next(),
            newParent = (Guid?)parent.EntryId,
            name,
            user,
            now = time.GetUtcNow().UtcDateTime,
        };
        return RefuseTakenName(
            name,
            () =>
                db.InTransactionAsync(
                    async tx =>
                    {
                        await tx.RunAsync(ShareMoves, args);
                        await RefuseWrongPlace(tx, args, levelsBelow: 0);
                        await tx.RunAsync(
                            """
                            INSERT INTO entries (space_id, entry_id, parent_id, kind, name, created_by, created_at, updated_at)
                            VALUES (@SpaceId, @EntryId, @newParent, 1, @name, @user, @now, @now)
                            """,
                            args
                        );
                        return args.EntryId;
                    },
                    ct
                )
        );
    }

    /// <summary>Renames, moves, or both at once.</summary>
    /// <param name="parent">The folder that it is to be in; null to stay.</param>
    /// <exception cref="MetadataException"><see cref="MetadataError.NameTaken"/>; <see cref="MetadataError.Conflict"/> for a root, another space, or a
    /// folder into itself; <see cref="MetadataError.Invalid"/> name or depth; <see cref="MetadataError.NotFound"/> when it or the new parent was deleted
    /// meanwhile; <see cref="MetadataError.VersionChanged"/> when <paramref name="ifVersion"/> is no longer current.</exception>
    public async Task MoveAsync(Entry entry, Entry? parent, string? name, Guid? ifVersion, CancellationToken ct)
    {
        if (entry.ParentId is null)
        {
            throw new MetadataException(MetadataError.Conflict, "The root folder cannot be renamed or moved.");
        }

        var newName = name is null ? entry.Name : EntryName.Check(name);
        if (parent is not null && (parent.Kind != EntryKind.Folder || parent.SpaceId != entry.SpaceId))
        {
            throw new MetadataException(
                MetadataError.Conflict,
                "The target is not a folder of the same space; upload the file there instead."
            );
        }

        var args = new
        {
            entry.SpaceId,
            entry.EntryId,
            newParent = parent?.EntryId ?? entry.ParentId,
            newName,
            ifVersion,
            now = time.GetUtcNow().UtcDateTime,
        };
        await RefuseTakenName(
            newName,
            () =>
                db.InTransactionAsync(
                    async tx =>
                    {
                        if (parent is not null)
                        {
                            await RefuseWrongMove(tx, args, entry.Kind);
                        }

                        var changed = await tx.RunAsync(
                            """
                            UPDATE entries SET name = @newName, parent_id = @newParent, updated_at = @now
                            WHERE space_id = @SpaceId AND entry_id = @EntryId AND trashed_at IS NULL
                              AND (@ifVersion::uuid IS NULL OR current_version = @ifVersion)
                            """,
                            args
                        );
                        return changed == 1 ? changed : throw await Missing(tx, args);
                    },
                    ct
                )
        );
    }

    /// <summary>Puts an entry, with all below it, into the trash; its name is free again.</summary>
    /// <exception cref="MetadataException"><see cref="MetadataError.Conflict"/> for a root; <see cref="MetadataError.NotFound"/> when it is in the trash already;
    /// <see cref="MetadataError.VersionChanged"/>.</exception>
    public async Task TrashAsync(Entry entry, Guid? ifVersion, CancellationToken ct)
    {
        if (entry.ParentId is null)
        {
            throw new MetadataException(MetadataError.Conflict, "The root folder cannot be deleted.");
        }

        var args = new
        {
            entry.SpaceId,
            entry.EntryId,
            ifVersion,
            now = time.GetUtcNow().UtcDateTime,
        };
        await db.InTransactionAsync(
            async tx =>
            {
                var changed = await tx.RunAsync(
                    """
                    UPDATE entries SET trashed_at = @now
                    WHERE space_id = @SpaceId AND entry_id = @EntryId AND trashed_at IS NULL
                      AND (@ifVersion::uuid IS NULL OR current_version = @ifVersion)
                    """,
                    args
                );
                return changed == 1 ? changed : throw await Missing(tx, args);
            },
            ct
        );
    }

    internal static async Task<T> RefuseTakenName<T>(string name, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (PostgresException e)
            when (e.SqlState == PostgresErrorCodes.UniqueViolation && e.ConstraintName == "entries_live_name")
        {
            throw new MetadataException(
                MetadataError.NameTaken,
                $"'{name}' exists in this folder. Choose another name, or name its file_id to upload a new version."
            );
        }
    }

    // Moves of folders within a space take turns: two at once could put each into the other. Creation of folders waits for them, since
    // a move changes how deep a folder lies.
    private const string LockMoves = "SELECT pg_advisory_xact_lock(hashtextextended('move:' || @SpaceId::text, 0))";
    private const string ShareMoves =
        "SELECT pg_advisory_xact_lock_shared(hashtextextended('move:' || @SpaceId::text, 0))";

    /// <summary>Where the new parent lies, with its row locked against deletion.</summary>
    private const string PlaceOfParent = """
        WITH RECURSIVE parent AS MATERIALIZED (
            SELECT entry_id, parent_id FROM entries
            WHERE space_id = @SpaceId AND entry_id = @newParent AND kind = 1 AND trashed_at IS NULL FOR SHARE
        ), up AS (
            SELECT entry_id, parent_id, NULL::timestamptz AS trashed_at, 0 AS depth FROM parent
            UNION ALL
            SELECT e.entry_id, e.parent_id, e.trashed_at, up.depth + 1
            FROM entries e JOIN up ON e.space_id = @SpaceId AND e.entry_id = up.parent_id
        )
        SELECT COALESCE(max(depth), 0) AS depth, COALESCE(bool_and(trashed_at IS NULL), false) AS is_live,
               COALESCE(bool_or(entry_id = @EntryId), false) AS is_below
        FROM up
        """;

    /// <summary>Levels of live folders below @EntryId.</summary>
    private const string LevelsBelow = """
        WITH RECURSIVE down AS (
            SELECT @EntryId::uuid AS entry_id, 0 AS level
            UNION ALL
            SELECT e.entry_id, d.level + 1
            FROM down d JOIN entries e
              ON e.space_id = @SpaceId AND e.parent_id = d.entry_id AND e.kind = 1 AND e.trashed_at IS NULL
        )
        SELECT max(level) FROM down
        """;

    private sealed record Place
    {
        public int Depth { get; init; }
        public bool IsLive { get; init; }
        public bool IsBelow { get; init; }
    }

    private static async Task RefuseWrongMove(Transaction tx, object args, EntryKind kind)
    {
        if (kind == EntryKind.File)
        {
            // It may lie in the deepest folder, one level below what a folder may.
            await RefuseWrongPlace(tx, args, levelsBelow: -1);
            return;
        }

        await tx.RunAsync(LockMoves, args);
        await RefuseWrongPlace(tx, args, await tx.OneAsync<int>(LevelsBelow, args));
    }

    private static async Task RefuseWrongPlace(Transaction tx, object args, int levelsBelow)
    {
        var place = (await tx.OneAsync<Place>(PlaceOfParent, args))!;
        if (!place.IsLive)
        {
            throw new MetadataException(MetadataError.NotFound, "The target folder was deleted meanwhile.");
        }

        if (place.IsBelow)
        {
            throw new MetadataException(MetadataError.Conflict, "A folder cannot be moved into itself.");
        }

        if (place.Depth + 1 + levelsBelow > FileTree.DepthMax)
        {
            throw new MetadataException(MetadataError.Invalid, $"Folders lie at most {FileTree.DepthMax} levels deep.");
        }
    }

    private static async Task<MetadataException> Missing(Transaction tx, object args) =>
        await tx.OneAsync<bool>(
            "SELECT EXISTS (SELECT 1 FROM entries WHERE space_id = @SpaceId AND entry_id = @EntryId AND trashed_at IS NULL)",
            args
        )
            ? new MetadataException(
                MetadataError.VersionChanged,
                "The file has a newer version than If-Match names. Read it again and decide."
            )
            : new MetadataException(MetadataError.NotFound, "There is no such file or folder.");
}
