using FileSharing.Chunks.Keys;

namespace FileSharing.Metadata;

/// <summary>What the keys of a cluster are for; each has one use.</summary>
public static class KeyPurpose
{
    public const string Url = "url";
    public const string Receipt = "receipt";
    public const string Internal = "internal";
    public const string Map = "map";

    /// <summary>Encrypts records; wrapped under <see cref="KeyDomain.Data"/>, the others under <see cref="KeyDomain.Signing"/>.</summary>
    public const string Data = "data";
}

/// <summary>A key as it is stored: sealed by the root key.</summary>
public sealed record StoredKey(string Purpose, WrappedKey Key);

/// <summary>The identity of the cluster and its policies; made once, at the first start.</summary>
public sealed record ClusterIdentity
{
    public Guid ClusterId { get; init; }
    public required string DedupPolicy { get; init; }
    public required string ChunkingPolicy { get; init; }
}

/// <summary>A signed cluster map as bytes; what is in it is the business of the Cluster project.</summary>
public sealed record StoredMap
{
    public long Version { get; init; }
    public required byte[] Map { get; init; }
}

/// <summary>The one authority for what the cluster is: identity, keys and map. Thread-safe.</summary>
public sealed class ClusterStore(MetadataDb db, TimeProvider time)
{
    /// <summary>Creates the cluster with these keys when there is none yet; processes that start together agree on one.</summary>
    /// <returns>The identity that holds, which may be another than the one given.</returns>
    public async Task<ClusterIdentity> EnsureAsync(
        ClusterIdentity identity,
        IReadOnlyList<StoredKey> keys,
        CancellationToken ct
    ) =>
        (
            await db.InTransactionAsync(
                async tx =>
                {
                    var created = await tx.RunAsync(
                        """
                        INSERT INTO cluster (cluster_id, dedup_policy, chunking_policy, active_data_key, created_at)
                        VALUES (@ClusterId, @DedupPolicy, @ChunkingPolicy, @activeDataKey, @now) ON CONFLICT DO NOTHING
                        """,
                        new
                        {
                            identity.ClusterId,
                            identity.DedupPolicy,
                            identity.ChunkingPolicy,
                            activeDataKey = keys.Where(k => k.Purpose == KeyPurpose.Data).Max(k => (long?)k.Key.Id)
                                ?? 0,
                            now = time.GetUtcNow().UtcDateTime,
                        }
                    );
                    foreach (var key in created == 1 ? keys : [])
                    {
                        await tx.RunAsync(
                            "INSERT INTO cluster_keys (purpose, key_id, created_at, wrapped) VALUES (@Purpose, @id, @created, @Wrapped)",
                            new
                            {
                                key.Purpose,
                                id = (long)key.Key.Id,
                                created = key.Key.Created.UtcDateTime,
                                key.Key.Wrapped,
                            }
                        );
                    }

                    return await tx.OneAsync<ClusterIdentity>(
                        "SELECT cluster_id, dedup_policy, chunking_policy FROM cluster",
                        null
                    );
                },
                ct
            )
        )!;

    /// <summary>The identity; null before the first start.</summary>
    public Task<ClusterIdentity?> IdentityAsync(CancellationToken ct) =>
        db.OneAsync<ClusterIdentity>("SELECT cluster_id, dedup_policy, chunking_policy FROM cluster", null, ct);

    /// <summary>All keys, of each purpose the newest last.</summary>
    public async Task<IReadOnlyList<StoredKey>> KeysAsync(CancellationToken ct)
    {
        var rows = await db.ListAsync<KeyRow>(
            "SELECT purpose, key_id, created_at, wrapped FROM cluster_keys ORDER BY purpose, key_id",
            null,
            ct
        );
        return
        [
            .. rows.Select(r => new StoredKey(
                r.Purpose,
                new WrappedKey((uint)r.KeyId, new DateTimeOffset(r.CreatedAt), r.Wrapped)
            )),
        ];
    }

    /// <summary>The newest map; null while the cluster forms.</summary>
    /// <param name="above">Only if its version is higher.</param>
    public Task<StoredMap?> MapAsync(long above, CancellationToken ct) =>
        db.OneAsync<StoredMap>(
            "SELECT version, map FROM cluster_maps WHERE version > @above ORDER BY version DESC LIMIT 1",
            new { above },
            ct
        );

    /// <summary>Makes this the newest map.</summary>
    /// <returns>False when another process made a map of that version or a higher one first: read it, and decide anew.</returns>
    public async Task<bool> PublishMapAsync(StoredMap map, CancellationToken ct) =>
        await db.RunAsync(
            """
            INSERT INTO cluster_maps (version, map, created_at)
            SELECT @Version, @Map, @now WHERE NOT EXISTS (SELECT 1 FROM cluster_maps WHERE version >= @Version)
            ON CONFLICT DO NOTHING
            """,
            new
            {
                map.Version,
                map.Map,
                now = time.GetUtcNow().UtcDateTime,
            },
            ct
        ) == 1;

    /// <summary>Forgets all but the newest maps: nothing reads an older one.</summary>
    /// <param name="keep">How many stay, for people who look into the database.</param>
    public Task PruneMapsAsync(int keep, CancellationToken ct) =>
        db.RunAsync(
            "DELETE FROM cluster_maps WHERE version <= (SELECT max(version) FROM cluster_maps) - @keep",
            new { keep },
            ct
        );

    private sealed record KeyRow
    {
        public required string Purpose { get; init; }
        public long KeyId { get; init; }
        public DateTime CreatedAt { get; init; }
        public required byte[] Wrapped { get; init; }
    }
}
