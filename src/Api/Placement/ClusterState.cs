using FileSharing.Chunks.Keys;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Signing;
using FileSharing.Metadata;

namespace FileSharing.Api.Placement;

/// <summary>
/// The secrets and the map of the cluster as this process knows them. The map moves forward, and data keys are added; the other secrets hold for the life of
/// the process.
/// </summary>
internal sealed class ClusterState(ClusterSecrets secrets)
{
    private const uint FirstKeyId = 1;

    private volatile ClusterSecrets secrets = secrets;

    public ClusterSecrets Secrets => secrets;

    public MapHolder Map { get; } = new();

    /// <summary>The signed bytes of the map, as nodes get them; null while the cluster forms.</summary>
    public StoredMap? Published { get; private set; }

    /// <summary>Names what a node is told, secrets and map together: when it is the same, the node has it.</summary>
    public string NewsTag
    {
        get
        {
            var current = secrets;
            var newest = current.DataKeys.Count > 0 ? current.DataKeys[^1].Id : 0;
            return $"{Published?.Version ?? 0}-{newest}-{current.ActiveDataKey}";
        }
    }

    /// <summary>Takes data keys out of the database.</summary>
    public void Take(DataKeySet keys) => secrets = secrets with { DataKeys = keys.Keys, ActiveDataKey = keys.Active };

    /// <summary>Takes a map out of the database.</summary>
    public bool Offer(StoredMap stored)
    {
        if (!Map.Offer(MapFormat.Parse(stored.Map, Secrets.MapKey)))
        {
            return false;
        }

        Published = stored;
        return true;
    }

    /// <summary>Reads the cluster's secrets, after making them at the first start of all.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">The root key is not the one of this cluster.</exception>
    public static async Task<ClusterState> LoadAsync(
        ClusterStore store,
        DataKeyStore dataKeys,
        RootKey root,
        ApiSettings settings,
        IdSource ids,
        TimeProvider time,
        CancellationToken ct
    )
    {
        var identity =
            await store.IdentityAsync(ct)
            ?? await store.EnsureAsync(
                new ClusterIdentity
                {
                    ClusterId = ids.Next(),
                    DedupPolicy = settings.DedupPolicy,
                    ChunkingPolicy = settings.ChunkingPolicyName,
                },
                NewKeys(root, settings.EncryptData, time.GetUtcNow()),
                ct
            );
        var keys = (await store.KeysAsync(ct)).ToLookup(k => k.Purpose, k => k.Key, StringComparer.Ordinal);
        var state = new ClusterState(
            new ClusterSecrets
            {
                ClusterId = identity.ClusterId,
                UrlKeys = [.. keys[KeyPurpose.Url].TakeLast(2).Select(k => new SigningKey(k.Id, Unwrap(root, k)))],
                ReceiptKey = Unwrap(root, keys[KeyPurpose.Receipt].Last()),
                InternalKey = Unwrap(root, keys[KeyPurpose.Internal].Last()),
                MapKey = Unwrap(root, keys[KeyPurpose.Map].Last()),
                DataKeys = [],
                ChunkingPolicy = identity.ChunkingPolicy,
            }
        );
        state.Take(await dataKeys.ReadAsync(ct));
        if (await store.MapAsync(0, ct) is { } map)
        {
            state.Offer(map);
        }

        return state;
    }

    private static List<StoredKey> NewKeys(RootKey root, bool encryptData, DateTimeOffset now)
    {
        var keys = new List<StoredKey>();
        foreach (var purpose in (string[])[KeyPurpose.Url, KeyPurpose.Receipt, KeyPurpose.Internal, KeyPurpose.Map])
        {
            keys.Add(new(purpose, root.Wrap(KeyDomain.Signing, FirstKeyId, now, ClusterSecrets.NewKey())));
        }

        if (encryptData)
        {
            keys.Add(new(KeyPurpose.Data, root.Wrap(KeyDomain.Data, FirstKeyId, now, ClusterSecrets.NewKey())));
        }

        return keys;
    }

    private static byte[] Unwrap(RootKey root, WrappedKey key) => root.Unwrap(KeyDomain.Signing, key);
}
