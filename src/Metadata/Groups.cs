using Npgsql;

namespace FileSharing.Metadata;

/// <summary>People to whom one share gives one right.</summary>
public sealed record Group
{
    public Guid GroupId { get; init; }

    /// <summary>Unique; compared byte by byte.</summary>
    public required string Name { get; init; }

    /// <summary>UTC.</summary>
    public DateTime CreatedAt { get; init; }
}

/// <summary>Groups and who is in them. A member has the rights of the group from the next request, and loses them as quickly.</summary>
public sealed class Groups(MetadataDb db, IdSource ids, TimeProvider time)
{
    /// <exception cref="MetadataException"><see cref="MetadataError.Invalid"/> name; <see cref="MetadataError.NameTaken"/>.</exception>
    public async Task<Group> CreateAsync(string name, CancellationToken ct)
    {
        var group = new Group
        {
            GroupId = ids.Next(),
            Name = PrincipalName.Check(name),
            CreatedAt = time.GetUtcNow().UtcDateTime,
        };
        try
        {
            await db.RunAsync(
                "INSERT INTO groups (group_id, name, created_at) VALUES (@GroupId, @Name, @CreatedAt)",
                group,
                ct
            );
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            throw new MetadataException(MetadataError.NameTaken, $"A group '{group.Name}' exists.");
        }

        return group;
    }

    /// <param name="idOrName">A group id, or its name.</param>
    public Task<Group?> FindAsync(string idOrName, CancellationToken ct) =>
        db.OneAsync<Group>(
            "SELECT group_id, name, created_at FROM groups WHERE group_id = @id OR name = @name",
            new { id = Guid.TryParse(idOrName, out var id) ? id : (Guid?)null, name = idOrName.Trim() },
            ct
        );

    /// <summary>Adding a member again is harmless.</summary>
    public Task AddAsync(Guid group, Guid user, CancellationToken ct) =>
        db.RunAsync(
            "INSERT INTO group_members (group_id, user_id, added_at) VALUES (@group, @user, @now) ON CONFLICT DO NOTHING",
            new
            {
                group,
                user,
                now = time.GetUtcNow().UtcDateTime,
            },
            ct
        );

    /// <returns>False when the user was no member.</returns>
    public async Task<bool> RemoveAsync(Guid group, Guid user, CancellationToken ct) =>
        await db.RunAsync(
            "DELETE FROM group_members WHERE group_id = @group AND user_id = @user",
            new { group, user },
            ct
        ) == 1;

    /// <summary>Deletes the group, its memberships, and what was shared with it.</summary>
    /// <returns>False when there is no such group.</returns>
    public async Task<bool> DeleteAsync(Guid group, CancellationToken ct) =>
        await db.RunAsync("DELETE FROM groups WHERE group_id = @group", new { group }, ct) == 1;
}
