using System.Security.Cryptography;
using Npgsql;

namespace FileSharing.Metadata;

/// <summary>A person as others see one; never with the password's hash.</summary>
public sealed record User
{
    public Guid UserId { get; init; }
    public required string Name { get; init; }

    /// <summary>Lower case.</summary>
    public required string Email { get; init; }
    public bool IsAdministrator { get; init; }

    /// <summary>UTC.</summary>
    public DateTime CreatedAt { get; init; }
}

/// <summary>The users: making them, finding them, and each one's own space with its root folder.</summary>
public sealed class Accounts(MetadataDb db, IdSource ids, TimeProvider time)
{
    private const int EmailLengthMax = 254;
    private const int NameLengthMax = 255;
    private const string Columns = "user_id, name, email, is_administrator, created_at";

    /// <summary>Creates the user, their space and its root in one transaction. Costs one password hash.</summary>
    /// <exception cref="MetadataException"><see cref="MetadataError.Invalid"/> input; <see cref="MetadataError.EmailTaken"/>.</exception>
    public async Task<User> CreateAsync(
        string email,
        string name,
        string password,
        bool isAdministrator,
        CancellationToken ct
    )
    {
        var user = new User
        {
            UserId = ids.Next(),
            Name = CheckedName(name),
            Email = CheckedEmail(email),
            IsAdministrator = isAdministrator,
            CreatedAt = time.GetUtcNow().UtcDateTime,
        };
        var hash = await Task.Run(() => PasswordHash.Create(password), ct);
        try
        {
            await db.RunAsync(
                """
                WITH account AS (
                    INSERT INTO users (user_id, name, email, password_hash, is_administrator, created_at, updated_at)
                    VALUES (@UserId, @Name, @Email, @hash, @IsAdministrator, @CreatedAt, @CreatedAt)
                ), space AS (
                    INSERT INTO spaces (space_id, owner_id, root_id, created_at) VALUES (@space, @UserId, @root, @CreatedAt)
                )
                INSERT INTO entries (space_id, entry_id, kind, name, created_by, created_at, updated_at)
                VALUES (@space, @root, 1, '', @UserId, @CreatedAt, @CreatedAt)
                """,
                new
                {
                    user.UserId,
                    user.Name,
                    user.Email,
                    hash,
                    user.IsAdministrator,
                    user.CreatedAt,
                    space = ids.Next(),
                    root = ids.Next(),
                },
                ct
            );
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            throw new MetadataException(MetadataError.EmailTaken, $"A user with the e-mail '{user.Email}' exists.");
        }

        return user;
    }

    /// <summary>True until the first user is made: the installation then needs its administrator.</summary>
    public async Task<bool> IsEmptyAsync(CancellationToken ct) =>
        await db.OneAsync<bool>("SELECT NOT EXISTS (SELECT 1 FROM users)", null, ct);

    /// <param name="idOrEmail">A user id, or an e-mail address in any case.</param>
    public Task<User?> FindAsync(string idOrEmail, CancellationToken ct) =>
        db.OneAsync<User>(
            $"SELECT {Columns} FROM users WHERE user_id = @id OR email = @email",
            new { id = Guid.TryParse(idOrEmail, out var id) ? id : (Guid?)null, email = Normal(idOrEmail) },
            ct
        );

    /// <summary>A page of users in order of creation.</summary>
    public Task<List<User>> ListAsync(Guid after, int limit, CancellationToken ct) =>
        db.ListAsync<User>(
            $"SELECT {Columns} FROM users WHERE user_id > @after ORDER BY user_id LIMIT @limit",
            new { after, limit },
            ct
        );

    /// <summary>The user when the password is right. An unknown account costs as much time as a wrong password.</summary>
    public async Task<User?> VerifyAsync(string email, string password, CancellationToken ct)
    {
        var stored = await db.OneAsync<StoredUser>(
            $"SELECT {Columns}, password_hash FROM users WHERE email = @email",
            new { email = Normal(email) },
            ct
        );
        var right = await Task.Run(() => PasswordHash.Verify(password, stored?.PasswordHash), ct);
        return right ? stored!.ToUser() : null;
    }

    private static string Normal(string email) => email.Trim().ToLowerInvariant();

    private static string CheckedEmail(string email)
    {
        var normal = Normal(email);
        var at = normal.IndexOf('@', StringComparison.Ordinal);
        var isAddress =
            at > 0
            && at == normal.LastIndexOf('@')
            && at < normal.Length - 1
            && normal.Length <= EmailLengthMax
            && !normal.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || c is '/' or ':' || char.IsSurrogate(c));
        return isAddress
            ? normal
            : throw new MetadataException(
                MetadataError.Invalid,
                "An e-mail address has the form name@host, without spaces."
            );
    }

    private static string CheckedName(string name)
    {
        var trimmed = name.Trim();
        return trimmed.Length is > 0 and <= NameLengthMax && !trimmed.Any(char.IsControl)
            ? trimmed
            : throw new MetadataException(
                MetadataError.Invalid,
                $"A user's name has 1 to {NameLengthMax} characters, none of them a control character."
            );
    }

    private sealed record StoredUser
    {
        public Guid UserId { get; init; }
        public required string Name { get; init; }
        public required string Email { get; init; }
        public bool IsAdministrator { get; init; }
        public DateTime CreatedAt { get; init; }
        public required string PasswordHash { get; init; }

        public User ToUser() =>
            new()
            {
                UserId = UserId,
                Name = Name,
                Email = Email,
                IsAdministrator = IsAdministrator,
                CreatedAt = CreatedAt,
            };
    }
}
