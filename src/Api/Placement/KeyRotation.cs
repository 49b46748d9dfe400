using System.Security.Cryptography;
using FileSharing.Api.Frontends.Rest;
using FileSharing.Chunks.Keys;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Wire;
using FileSharing.Metadata;
using Microsoft.Extensions.Logging;

namespace FileSharing.Api.Placement;

/// <summary>
/// Makes data keys, and puts one in use when the storage nodes have stored it: docs/encryption.md, section 3. All that it must remember is in Postgres, so
/// any API process carries on what another began.
/// </summary>
internal sealed class KeyRotation(
    ClusterState cluster,
    DataKeyStore store,
    RootKey root,
    NodeStates nodes,
    TimeProvider time,
    ILogger<KeyRotation> log
)
{
    /// <summary>A node that cannot be asked for this long, by this process, is away: it fetches the key before it takes a record under it.</summary>
    private static readonly TimeSpan AwayAfter = TimeSpan.FromSeconds(10);

    private (uint Key, long Since) waiting;

    /// <summary>Makes the next data key. It seals nothing yet.</summary>
    /// <exception cref="MetadataException">As <see cref="DataKeyStore.AddAsync"/>.</exception>
    /// <exception cref="ApiException"><see cref="ApiError.NotEnoughOwners"/>: half of the nodes or more cannot be asked.</exception>
    public async Task<WrappedKey> RotateAsync(CancellationToken ct)
    {
        var answers = await nodes.AnswersAsync(ct);
        if (!IsMost(answers.Count(a => a.Status is not null), answers.Count))
        {
            throw new ApiException(
                ApiError.NotEnoughOwners,
                "More than half of the storage nodes must be in reach to make a data key. Start them and try again."
            );
        }

        var highestSeen = answers.SelectMany(a => a.Status?.Volumes ?? []).SelectMany(v => v.DataKeys).Append(0u).Max();
        var secret = ClusterSecrets.NewKey();
        try
        {
            var made = await store.AddAsync((id, now) => root.Wrap(KeyDomain.Data, id, now, secret), highestSeen, ct);
            log.DataKeyMade(made.Id);
            cluster.Take(await store.ReadAsync(ct));
            return made;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <summary>Takes over what other API processes did, and puts a pending key in use when nothing speaks against it.</summary>
    public async Task AdvanceAsync(CancellationToken ct)
    {
        var keys = await store.ReadAsync(ct);
        cluster.Take(keys);
        if (keys.Pending is not { } pending)
        {
            return;
        }

        if (waiting.Key != pending.Id)
        {
            waiting = (pending.Id, time.GetTimestamp());
        }

        if (!IsStored(await nodes.AnswersAsync(ct), pending.Id))
        {
            return;
        }

        if (await store.ActivateAsync(pending.Id, ct))
        {
            log.DataKeyActivated(pending.Id);
        }

        cluster.Take(await store.ReadAsync(ct));
    }

    /// <summary>Nodes that have not said that they have stored this key.</summary>
    public static IEnumerable<MapNode> WaitingFor(IEnumerable<NodeAnswer> answers, uint key) =>
        answers.Where(a => a.Status is not { } status || !HasStored(status, key)).Select(a => a.Node);

    private bool IsStored(IReadOnlyList<NodeAnswer> answers, uint key)
    {
        var isPatienceOver = time.GetElapsedTime(waiting.Since) >= AwayAfter;
        return answers.All(a => a.Status is { } status ? HasStored(status, key) : isPatienceOver)
            && IsMost(answers.Count(a => a.Status is not null), answers.Count);
    }

    /// <summary>
    /// Two majorities have a node in common: whoever makes a key hears of every id that has ever sealed something, though the database be an old copy.
    /// </summary>
    private static bool IsMost(int answered, int nodes) => nodes == 0 || answered * 2 > nodes;

    private static bool HasStored(NodeStatus status, uint key) =>
        status.Volumes.All(v => !v.NeedsKeys || v.DataKeys.Contains(key));
}
