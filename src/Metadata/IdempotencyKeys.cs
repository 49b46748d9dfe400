namespace FileSharing.Metadata;

/// <summary>The answer that a creating call gave, to be given again.</summary>
public sealed record StoredAnswer
{
    public required byte[] RequestHash { get; init; }

    /// <summary>Null while the first call still runs.</summary>
    public int? Status { get; init; }
    public string? ContentType { get; init; }
    public byte[]? Body { get; init; }
}

/// <summary>Keeps answers by user, key and route, so that a client may repeat a call whose outcome it does not know.</summary>
public sealed class IdempotencyKeys(MetadataDb db, TimeProvider time)
{
    /// <summary>How long an answer is kept.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>After this a first call that never ended (its process died) no longer holds the key.</summary>
    private static readonly TimeSpan RunningMax = TimeSpan.FromMinutes(2);

    /// <summary>Claims the key for this call.</summary>
    /// <returns>Null when the caller should run the call; else what the first call said, or that it still runs.</returns>
    public async Task<StoredAnswer?> ClaimAsync(
        Guid user,
        string key,
        string route,
        byte[] requestHash,
        CancellationToken ct
    )
    {
        var now = time.GetUtcNow().UtcDateTime;
        var args = new
        {
            user,
            key,
            route,
            requestHash,
            now,
            old = now - Lifetime,
            dead = now - RunningMax,
        };
        var claimed = await db.RunAsync(
            """
            INSERT INTO idempotency_keys AS k (user_id, key, route, request_hash, created_at)
            VALUES (@user, @key, @route, @requestHash, @now)
            ON CONFLICT (user_id, key, route) DO UPDATE
            SET request_hash = EXCLUDED.request_hash, created_at = EXCLUDED.created_at, status = NULL, body = NULL
            WHERE k.created_at < @old OR (k.status IS NULL AND k.created_at < @dead)
            """,
            args,
            ct
        );
        return claimed == 1
            ? null
            : await db.OneAsync<StoredAnswer>(
                """
                SELECT request_hash, status, content_type, body FROM idempotency_keys
                WHERE user_id = @user AND key = @key AND route = @route
                """,
                args,
                ct
            );
    }

    /// <summary>Keeps the answer of a call that succeeded.</summary>
    public Task KeepAsync(
        Guid user,
        string key,
        string route,
        int status,
        string? contentType,
        byte[] body,
        CancellationToken ct
    ) =>
        db.RunAsync(
            """
            UPDATE idempotency_keys SET status = @status, content_type = @contentType, body = @body
            WHERE user_id = @user AND key = @key AND route = @route
            """,
            new
            {
                user,
                key,
                route,
                status,
                contentType,
                body,
            },
            ct
        );

    /// <summary>Gives the key back after a call that changed nothing.</summary>
    public Task ReleaseAsync(Guid user, string key, string route, CancellationToken ct) =>
        db.RunAsync(
            "DELETE FROM idempotency_keys WHERE user_id = @user AND key = @key AND route = @route AND status IS NULL",
            new
            {
                user,
                key,
                route,
            },
            ct
        );

    /// <summary>Deletes answers past their time. Returns how many.</summary>
    public Task<int> SweepAsync(CancellationToken ct) =>
        db.RunAsync(
            "DELETE FROM idempotency_keys WHERE created_at < @old",
            new { old = time.GetUtcNow().UtcDateTime - Lifetime },
            ct
        );
}
