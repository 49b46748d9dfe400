using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace FileSharing.Metadata;

/// <summary>A storage process that has joined.</summary>
public sealed record NodeRow
{
    public Guid NodeId { get; init; }
    public required string Name { get; init; }

    /// <summary>Null until it has registered.</summary>
    public string? Url { get; init; }
    public required string Zone { get; init; }
}

/// <summary>A data directory of a node.</summary>
public sealed record VolumeRow
{
    public Guid VolumeId { get; init; }
    public Guid NodeId { get; init; }
    public long Incarnation { get; init; }
    public long CapacityBytes { get; init; }

    /// <summary>Which of the node's directories, from 1; 0 while its node has not said.</summary>
    public int Number { get; init; }
}

/// <summary>One opening of a volume, as its node reports it.</summary>
public readonly record struct OpenedVolume(
    Guid VolumeId,
    long PreviousIncarnation,
    long Incarnation,
    long CapacityBytes,
    int Number = 0
);

/// <summary>Which nodes and volumes belong to the cluster: one-time tokens to join, and the incarnation that each volume was last opened at.</summary>
public sealed class NodeRegistry(MetadataDb db, IdSource ids, TimeProvider time)
{
    private const int TokenBytes = 32;
    private const int NameLengthMax = 63;

    /// <summary>A token that admits one node, once.</summary>
    /// <param name="name">The only name that it admits; it then also readmits the node that has that name. Null: any new name.</param>
    public async Task<(string Token, DateTime ExpiresAt)> CreateTokenAsync(
        string? name,
        TimeSpan lifetime,
        CancellationToken ct
    )
    {
        if (name is not null)
        {
            CheckName(name);
        }

        var token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenBytes));
        var now = time.GetUtcNow().UtcDateTime;
        var expires = now + lifetime;
        await db.RunAsync(
            "INSERT INTO join_tokens (token_hash, name, created_at, expires_at) VALUES (@hash, @name, @now, @expires)",
            new
            {
                hash = Hash(token),
                name,
                now,
                expires,
            },
            ct
        );
        return (token, expires);
    }

    /// <summary>Uses the token up, and gives the node its id: a new one, or its own again when the token was made for its name.</summary>
    /// <exception cref="MetadataException"><see cref="MetadataError.JoinRefused"/>; <see cref="MetadataError.NodeNameTaken"/>.</exception>
    public async Task<Guid> JoinAsync(string token, string name, CancellationToken ct)
    {
        CheckName(name);
        var args = new
        {
            hash = Hash(token),
            name,
            id = ids.Next(),
            now = time.GetUtcNow().UtcDateTime,
        };
        try
        {
            return await db.InTransactionAsync(
                async tx =>
                {
                    var used = await tx.RunAsync(
                        """
                        UPDATE join_tokens SET used_at = @now
                        WHERE token_hash = @hash AND used_at IS NULL AND expires_at > @now AND (name IS NULL OR name = @name)
                        """,
                        args
                    );
                    if (used == 0)
                    {
                        throw new MetadataException(
                            MetadataError.JoinRefused,
                            "The token is unknown, used, too old, or for another name. Ask the administrator for a new one."
                        );
                    }

                    var node = await tx.OneAsync<Guid?>(
                        """
                        SELECT node_id FROM nodes
                        WHERE name = @name AND EXISTS (SELECT 1 FROM join_tokens WHERE token_hash = @hash AND name = @name)
                        """,
                        args
                    );
                    if (node is null)
                    {
                        await tx.RunAsync(
                            "INSERT INTO nodes (node_id, name, joined_at) VALUES (@id, @name, @now)",
                            args
                        );
                    }

                    await tx.RunAsync(
                        "UPDATE join_tokens SET used_by = @node WHERE token_hash = @hash",
                        new { args.hash, node = node ?? args.id }
                    );
                    return node ?? args.id;
                },
                ct
            );
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            throw new MetadataException(MetadataError.NodeNameTaken, $"Another node is named '{name}'.");
        }
    }

    /// <summary>Records where a node is reached and which volumes it has opened. All or nothing.</summary>
    /// <exception cref="MetadataException"><see cref="MetadataError.NotFound"/> node; <see cref="MetadataError.VolumeRefused"/> when a volume's previous
    /// incarnation is lower than the one on record, which a copy or a rolled-back disk has, or it belongs to another node.</exception>
    public Task RegisterAsync(
        Guid nodeId,
        string url,
        string zone,
        IReadOnlyList<OpenedVolume> volumes,
        CancellationToken ct
    ) =>
        db.InTransactionAsync(
            async tx =>
            {
                var now = time.GetUtcNow().UtcDateTime;
                var known = await tx.RunAsync(
                    "UPDATE nodes SET url = @url, zone = @zone, registered_at = @now WHERE node_id = @nodeId",
                    new
                    {
                        nodeId,
                        url,
                        zone,
                        now,
                    }
                );
                if (known == 0)
                {
                    throw new MetadataException(
                        MetadataError.NotFound,
                        "No node of this id has joined. Join with a token first."
                    );
                }

                foreach (var volume in volumes)
                {
                    await RegisterVolumeAsync(tx, nodeId, volume, now);
                }

                return known;
            },
            ct
        );

    /// <summary>The nodes that have registered, in order of joining.</summary>
    public Task<List<NodeRow>> NodesAsync(CancellationToken ct) =>
        db.ListAsync<NodeRow>(
            "SELECT node_id, name, url, zone FROM nodes WHERE registered_at IS NOT NULL ORDER BY node_id",
            null,
            ct
        );

    public Task<List<VolumeRow>> VolumesAsync(CancellationToken ct) =>
        db.ListAsync<VolumeRow>(
            "SELECT volume_id, node_id, incarnation, capacity_bytes, number FROM volumes ORDER BY node_id, volume_id",
            null,
            ct
        );

    private static async Task RegisterVolumeAsync(Transaction tx, Guid nodeId, OpenedVolume volume, DateTime now)
    {
        var accepted = await tx.RunAsync(
            """
            INSERT INTO volumes AS v (volume_id, node_id, incarnation, capacity_bytes, number, registered_at)
            VALUES (@VolumeId, @nodeId, @Incarnation, @CapacityBytes, @Number, @now)
            ON CONFLICT (volume_id) DO UPDATE
            SET incarnation = EXCLUDED.incarnation, capacity_bytes = EXCLUDED.capacity_bytes, number = EXCLUDED.number,
                registered_at = EXCLUDED.registered_at
            WHERE v.node_id = @nodeId AND @PreviousIncarnation >= v.incarnation
            """,
            new
            {
                volume.VolumeId,
                volume.PreviousIncarnation,
                volume.Incarnation,
                volume.CapacityBytes,
                volume.Number,
                nodeId,
                now,
            }
        );
        if (accepted == 0)
        {
            throw new MetadataException(
                MetadataError.VolumeRefused,
                $"Volume {volume.VolumeId} was opened at a later incarnation than {volume.PreviousIncarnation}, or by another node: this is a copy, or it was set back. "
                    + "Stop whichever process has no right to it. A node that was made as a copy of another begins with an empty Node:Data, empty volumes and a token of its own; a disk that was "
                    + "set back is emptied and put in as a new one: docs/operations.md."
            );
        }
    }

    private static void CheckName(string name)
    {
        if (
            name.Length is 0 or > NameLengthMax
            || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
        )
        {
            throw new MetadataException(
                MetadataError.Invalid,
                $"A node's name has 1 to {NameLengthMax} letters, digits, '-', '_' or '.'."
            );
        }
    }

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
