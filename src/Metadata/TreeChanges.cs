using Npgsql;

namespace FileSharing.Metadata;

/// <summary>
/// Changes the tree: a new folder, another name or place, into the trash. Each is one row. The caller has checked the rights.
/// </summary>
public sealed class TreeChanges(MetadataDb db, IdSource ids, TimeProvider time)
{
    /// <summary>Creates an empty folder.</summary>
    /// <exception cref="MetadataException"><see cref="MetadataError.NameTaken"/>; <see cref="MetadataError.Invalid"/> name or depth.</exception>
    public async Task<Guid> CreateFolderAsync(EntryAccess parent, string name, Guid user, CancellationToken ct)
    {
        EntryName.Check(name);
        if (parent.Kind != EntryKind.Folder || parent.Depth >= FileTree.DepthMax)
        {
            throw new MetadataException(
                MetadataError.Invalid,
                $"A folder is made in a folder, at most {FileTree.DepthMax} levels deep."
            );
        }

        var id = ids.Next();
        await RefuseTakenName(
            name,
            () =>
                db.RunAsync(
                    """
                    INSERT INTO entries (space_id, entry_id, parent_id, kind, name, created_by, created_at, updated_at)
                    VALUES (@SpaceId, @id, @EntryId, 1, @name, @user, @now, @now)
                    """,
                    new
                    {
                        parent.SpaceId,
                        id,
                        parent.EntryId,
                        name,
                        user,
                        now = time.GetUtcNow().UtcDateTime,
                    },
                    ct
                )
        );
        return id;
    }

    /// <summary>Renames, moves, or both at once.</summary>
    /// <param name="parent">The folder that it is to be in; null to stay.</param>
    /// <exception cref="MetadataException"><see cref="MetadataError.NameTaken"/>; <see cref="MetadataError.Conflict"/> for a root, another space, or a
    /// folder into itself; <see cref="MetadataError.VersionChanged"/> when <paramref name="ifVersion"/> is no longer current.</exception>
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
                        if (parent is not null && entry.Kind == EntryKind.Folder)
                        {
                            await RefuseCycle(tx, args);
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

    /// <summary>Moves of folders within a space take turns: two at once could put each into the other.</summary>
    private static async Task RefuseCycle(Transaction tx, object args)
    {
        await tx.RunAsync("SELECT pg_advisory_xact_lock(hashtextextended('move:' || @SpaceId::text, 0))", args);
        var isBelow = await tx.OneAsync<bool>(
            """
            WITH RECURSIVE up AS (
                SELECT entry_id, parent_id FROM entries WHERE space_id = @SpaceId AND entry_id = @newParent
                UNION ALL
                SELECT e.entry_id, e.parent_id FROM entries e JOIN up ON e.space_id = @SpaceId AND e.entry_id = up.parent_id
            )
            SELECT EXISTS (SELECT 1 FROM up WHERE entry_id = @EntryId)
            """,
            args
        );
        if (isBelow)
        {
            throw new MetadataException(MetadataError.Conflict, "A folder cannot be moved into itself.");
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
