using Npgsql;

namespace FileSharing.Metadata;

/// <summary>A space that belongs to no single user.</summary>
public sealed record TeamSpace
{
    public Guid SpaceId { get; init; }
    public Guid RootId { get; init; }

    /// <summary>What stands before the colon of a remote path.</summary>
    public required string Name { get; init; }

    /// <summary>UTC.</summary>
    public DateTime CreatedAt { get; init; }
}

/// <summary>Spaces of teams. Who may use one are the shares on its root: administrators give the first, its managers the others.</summary>
public sealed class TeamSpaces(MetadataDb db, IdSource ids, TimeProvider time)
{
    /// <summary>Creates the space and its empty root, to which nobody has a right yet.</summary>
    /// <param name="createdBy">The administrator, who gets no right by it.</param>
    /// <exception cref="MetadataException"><see cref="MetadataError.Invalid"/> name; <see cref="MetadataError.NameTaken"/>.</exception>
    public async Task<TeamSpace> CreateAsync(string name, Guid createdBy, CancellationToken ct)
    {
        var space = new TeamSpace
        {
            SpaceId = ids.Next(),
            RootId = ids.Next(),
            Name = PrincipalName.Check(name),
            CreatedAt = time.GetUtcNow().UtcDateTime,
        };
        try
        {
            await db.RunAsync(
                """
                WITH space AS (
                    INSERT INTO spaces (space_id, name, root_id, created_at) VALUES (@SpaceId, @Name, @RootId, @CreatedAt)
                )
                INSERT INTO entries (space_id, entry_id, kind, name, created_by, created_at, updated_at)
                VALUES (@SpaceId, @RootId, 1, '', @createdBy, @CreatedAt, @CreatedAt)
                """,
                new
                {
                    space.SpaceId,
                    space.RootId,
                    space.Name,
                    space.CreatedAt,
                    createdBy,
                },
                ct
            );
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            throw new MetadataException(MetadataError.NameTaken, $"A team space '{space.Name}' exists.");
        }

        return space;
    }

    /// <summary>The root with no right in it, for an administrator who gives the first shares.</summary>
    public Task<Entry?> RootAsync(TeamSpace space, CancellationToken ct) =>
        db.OneAsync<Entry>(
            $"SELECT {FileTree.EntryColumns} FROM {FileTree.EntryTables} WHERE e.space_id = @SpaceId AND e.entry_id = @RootId",
            space,
            ct
        );
}
