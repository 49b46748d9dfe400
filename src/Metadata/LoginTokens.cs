using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace FileSharing.Metadata;

/// <summary>
/// What a login gives: 32 random bytes, of which only the SHA-256 is stored. A fast hash is enough, since the input cannot be guessed.
/// </summary>
public sealed class LoginTokens(MetadataDb db, TimeProvider time)
{
    private const int TokenBytes = 32;
    private const int TokenLengthMax = 128;

    /// <returns>The token, which nobody can get again, and when it ends (UTC).</returns>
    public async Task<(string Token, DateTime ExpiresAt)> CreateAsync(
        Guid userId,
        TimeSpan lifetime,
        CancellationToken ct
    )
    {
        var token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenBytes));
        var now = time.GetUtcNow().UtcDateTime;
        var expires = now + lifetime;
        await db.RunAsync(
            "INSERT INTO login_tokens (token_hash, user_id, created_at, expires_at) VALUES (@hash, @userId, @now, @expires)",
            new
            {
                hash = Hash(token),
                userId,
                now,
                expires,
            },
            ct
        );
        return (token, expires);
    }

    /// <summary>Whose token it is; null when it is unknown, has expired, or its user is disabled.</summary>
    public async Task<User?> ResolveAsync(string token, CancellationToken ct) =>
        token.Length > TokenLengthMax
            ? null
            : await db.OneAsync<User>(
                """
                SELECT u.user_id, u.name, u.email, u.is_administrator, u.created_at
                FROM login_tokens t JOIN users u USING (user_id)
                WHERE t.token_hash = @hash AND t.expires_at > @now AND u.disabled_at IS NULL
                """,
                new { hash = Hash(token), now = time.GetUtcNow().UtcDateTime },
                ct
            );

    /// <summary>Deletes what has expired. Returns how many.</summary>
    public Task<int> SweepAsync(CancellationToken ct) =>
        db.RunAsync(
            "DELETE FROM login_tokens WHERE expires_at <= @now",
            new { now = time.GetUtcNow().UtcDateTime },
            ct
        );

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
