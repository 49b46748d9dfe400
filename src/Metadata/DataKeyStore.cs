using FileSharing.Chunks.Keys;

namespace FileSharing.Metadata;

/// <summary>The data keys of the cluster, wrapped, and the one that seals new records. docs/encryption.md says what becomes of a key.</summary>
/// <param name="Active">0 in a cluster that does not encrypt.</param>
/// <param name="Keys">In order of id; never empty when there is an active one. At most the last is above it.</param>
public sealed record DataKeySet(uint Active, IReadOnlyList<WrappedKey> Keys)
{
    /// <summary>The key that nodes are storing and none uses yet; null when no rotation is under way.</summary>
    public WrappedKey? Pending => Keys.Count > 0 && Keys[^1].Id > Active ? Keys[^1] : null;
}

/// <summary>Makes and activates data keys. Several API processes may try at once: the row of the cluster is the lock. Thread-safe.</summary>
public sealed class DataKeyStore(MetadataDb db, TimeProvider time)
{
    /// <summary>The engine's index keeps the id of a key in one byte.</summary>
    public const uint KeyIdMax = 255;

    /// <summary>Keys and active key as of one moment.</summary>
    public async Task<DataKeySet> ReadAsync(CancellationToken ct)
    {
        var rows = await db.ListAsync<Row>(
            """
            SELECT k.key_id, k.created_at, k.wrapped, c.active_data_key
            FROM cluster c JOIN cluster_keys k ON k.purpose = 'data' ORDER BY k.key_id
            """,
            null,
            ct
        );
        return new DataKeySet(
            rows.Count > 0 ? (uint)rows[0].ActiveDataKey : 0,
            [.. rows.Select(r => new WrappedKey((uint)r.KeyId, new DateTimeOffset(r.CreatedAt), r.Wrapped))]
        );
    }

    /// <summary>Adds a key under the next id, for nodes to store. It seals nothing before <see cref="ActivateAsync"/>.</summary>
    /// <param name="wrap">Makes the key of that id.</param>
    /// <param name="highestSeen">The highest id that a node has: beyond those of the database when that was restored from an old copy.</param>
    /// <exception cref="MetadataException"><see cref="MetadataError.NotEncrypted"/>, <see cref="MetadataError.RotationUnderWay"/>,
    /// <see cref="MetadataError.DataKeysExhausted"/>.</exception>
    public async Task<WrappedKey> AddAsync(
        Func<uint, DateTimeOffset, WrappedKey> wrap,
        uint highestSeen,
        CancellationToken ct
    )
    {
        ArgumentNullException.ThrowIfNull(wrap);
        return await db.InTransactionAsync(
            async tx =>
            {
                var active = await tx.OneAsync<long>("SELECT active_data_key FROM cluster FOR UPDATE", null);
                var highest = await tx.OneAsync<long?>(
                    "SELECT max(key_id) FROM cluster_keys WHERE purpose = 'data'",
                    null
                );
                var id = NextId(active, highest ?? 0, highestSeen);
                var key = wrap(id, time.GetUtcNow());
                await tx.RunAsync(
                    "INSERT INTO cluster_keys (purpose, key_id, created_at, wrapped) VALUES ('data', @id, @created, @Wrapped)",
                    new
                    {
                        id = (long)id,
                        created = key.Created.UtcDateTime,
                        key.Wrapped,
                    }
                );
                return key;
            },
            ct
        );
    }

    /// <summary>From now on this key seals new records. Repeating it, or naming an older key, changes nothing.</summary>
    /// <returns>True when this call changed it.</returns>
    public async Task<bool> ActivateAsync(uint id, CancellationToken ct) =>
        await db.RunAsync(
            """
            UPDATE cluster SET active_data_key = @id
            WHERE active_data_key < @id AND EXISTS (SELECT 1 FROM cluster_keys WHERE purpose = 'data' AND key_id = @id)
            """,
            new { id = (long)id },
            ct
        ) == 1;

    private static uint NextId(long active, long highest, uint highestSeen)
    {
        if (active == 0)
        {
            throw new MetadataException(
                MetadataError.NotEncrypted,
                "This cluster was made with EncryptData=false: it has no data keys."
            );
        }

        if (highest > active)
        {
            throw new MetadataException(
                MetadataError.RotationUnderWay,
                $"Data key {highest} is on its way to the storage nodes. Make the next one when it is in use."
            );
        }

        var next = Math.Max(highest, highestSeen) + 1;
        return next <= KeyIdMax
            ? (uint)next
            : throw new MetadataException(
                MetadataError.DataKeysExhausted,
                $"The cluster has had {KeyIdMax} data keys, which is all that there can be."
            );
    }

    private sealed record Row
    {
        public long ActiveDataKey { get; init; }
        public long KeyId { get; init; }
        public DateTime CreatedAt { get; init; }
        public required byte[] Wrapped { get; init; }
    }
}
