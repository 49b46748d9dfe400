using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Volumes;
using Microsoft.Extensions.Logging;

namespace FileSharing.StorageNode.Repair;

/// <summary>
/// Brings the third copy of records that were acknowledged with two to the owner that missed them. Without it a record written while a node was down
/// would stay at two copies for ever. It must never lift an owed mark before every owner has said that it holds the record.
/// </summary>
internal sealed class OwedDelivery(
    MapHolder map,
    IChunkTransport transport,
    TimeProvider time,
    ILogger<OwedDelivery> log
) : IVolumeDaemon
{
    /// <summary>A mark must be seen in two rounds before it is acted on: younger ones belong to writes under way.</summary>
    private static readonly TimeSpan RoundInterval = TimeSpan.FromSeconds(3);

    /// <summary>Marks looked at in one question to the owners.</summary>
    private const int PageMax = 1_000;

    public Task RunAsync(OpenVolume volume, CancellationToken cancellationToken)
    {
        HashSet<ChunkId> seenBefore = [];
        return Rounds.RunAsync(
            RoundInterval,
            async stop => seenBefore = await RoundAsync(volume.Store, seenBefore, stop),
            log.OwedPaused,
            time,
            cancellationToken
        );
    }

    /// <param name="before">The marks seen in the round before.</param>
    /// <returns>The marks seen in this round.</returns>
    public async Task<HashSet<ChunkId>> RoundAsync(
        BlobStore store,
        HashSet<ChunkId> before,
        CancellationToken cancellationToken
    )
    {
        if (map.Current is not { } current || store.Condition == VolumeCondition.Poisoned)
        {
            return before;
        }

        var seen = new HashSet<ChunkId>();
        var delivered = 0;
        var settled = 0;
        ChunkId? after = null;
        while (store.ListOwed(after, PageMax) is { Count: > 0 } page)
        {
            after = page[^1];
            seen.UnionWith(page);
            var due = page.Where(before.Contains).ToList();
            if (due.Count > 0)
            {
                var (deliveredHere, settledHere) = await DeliverAsync(store, current, due, cancellationToken);
                delivered += deliveredHere;
                settled += settledHere;
            }
        }

        if (delivered + settled > 0)
        {
            log.OwedDelivered(store.VolumeId, delivered, settled);
        }

        return seen;
    }

    private async Task<(int Delivered, int Settled)> DeliverAsync(
        BlobStore store,
        ClusterMap current,
        List<ChunkId> due,
        CancellationToken cancellationToken
    )
    {
        var have = await AskOwnersAsync(current, due, cancellationToken);
        var complete = new List<ChunkId>();
        var delivered = 0;
        foreach (var id in due)
        {
            var owners = current.ReplicasOf(id).Holders;
            var answers = owners.Select(owner => have.GetValueOrDefault((owner.VolumeId, id))).ToList();
            if (answers.TrueForAll(answer => answer == true))
            {
                complete.Add(id);
                continue;
            }

            // The first owner that has it delivers, so that two holders do not send the same record.
            var first = answers.IndexOf(true);
            var lacking = owners.Where((_, i) => answers[i] == false).ToList();
            if (first < 0 || owners[first].VolumeId != store.VolumeId || lacking.Count == 0)
            {
                continue;
            }

            if (!await TrySendAsync(store, current, id, lacking, cancellationToken))
            {
                continue;
            }

            delivered++;
            // An owner that could not be asked may lack it: only the mark waits for its answer, not the others' copies.
            if (!answers.Contains(null))
            {
                complete.Add(id);
            }
        }

        await SettleAsync(current, complete, cancellationToken);
        return (delivered, complete.Count);
    }

    /// <summary>Who has what: true, false, or null for an owner that could not be asked.</summary>
    private async Task<Dictionary<(Guid Volume, ChunkId Id), bool?>> AskOwnersAsync(
        ClusterMap current,
        List<ChunkId> due,
        CancellationToken cancellationToken
    )
    {
        var answers = new Dictionary<(Guid, ChunkId), bool?>();
        var byOwner = due.SelectMany(id => current.ReplicasOf(id).Holders.Select(owner => (owner, id)))
            .GroupBy(pair => pair.owner, pair => pair.id);
        foreach (var group in byOwner)
        {
            var ids = group.ToList();
            var have = await transport.HasAsync(group.Key, ids, cancellationToken);
            for (var i = 0; i < ids.Count; i++)
            {
                answers[(group.Key.VolumeId, ids[i])] = have?[i];
            }
        }

        return answers;
    }

    /// <returns>False when some owner still lacks it. One record that cannot be read does not hold up the others.</returns>
    private async Task<bool> TrySendAsync(
        BlobStore store,
        ClusterMap current,
        ChunkId id,
        List<MapVolume> lacking,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return store.Find(id) is { } info
                && await RecordSending.SendAsync(store, info, lacking, current.Version, transport, cancellationToken);
        }
        catch (BlobException error)
        {
            log.OwedRecordSkipped(id, store.VolumeId, error.Message);
            return false;
        }
    }

    private async Task SettleAsync(ClusterMap current, List<ChunkId> complete, CancellationToken cancellationToken)
    {
        var byOwner = complete
            .SelectMany(id => current.ReplicasOf(id).Holders.Select(owner => (owner, id)))
            .GroupBy(pair => pair.owner, pair => pair.id);
        foreach (var group in byOwner)
        {
            await transport.SettleAsync(group.Key, current.Version, [.. group], cancellationToken);
        }
    }
}
