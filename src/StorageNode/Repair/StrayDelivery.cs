using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Membership;
using FileSharing.StorageNode.Volumes;
using Microsoft.Extensions.Logging;

namespace FileSharing.StorageNode.Repair;

/// <summary>
/// Gives up records that the map does not place on this volume: hints, what a move left behind, what a volume held before it was replaced. It must never give up a
/// record before everyone who is to have it has proved to, nor while somebody may still look for it here: docs/cluster.md, section 6.
/// </summary>
internal sealed class StrayDelivery(
    MapHolder map,
    ClusterNews news,
    IChunkTransport transport,
    IVolumeCalls calls,
    RepairBudgets budgets,
    PartitionSyncSettings settings,
    TimeProvider time,
    ILogger<StrayDelivery> log
) : IVolumeDaemon
{
    public Task RunAsync(OpenVolume volume, CancellationToken cancellationToken) =>
        Rounds.RunAsync(
            settings.StrayInterval,
            stop => RoundAsync(volume.Store, budgets.Of(volume), stop),
            reason => log.StraysStay(volume.VolumeId, reason),
            time,
            cancellationToken
        );

    /// <summary>One search through the volume.</summary>
    public async Task RoundAsync(BlobStore store, RepairBudget budget, CancellationToken cancellationToken)
    {
        // Judged by a map that everybody has by now: nobody reads or writes here by an older one.
        if (
            map.Current is not { } current
            || news.Floor < current.Version
            || store.Condition == VolumeCondition.Poisoned
        )
        {
            return;
        }

        var given = 0;
        ChunkId? after = null;
        while (store.List(after, 1) is [var first])
        {
            var partition = PartitionTable.PartitionOf(first.Id);
            var range = HashRange.OfPartition(partition);
            var replicas = current.ReplicasOf(partition);
            if (!replicas.BelongsOn(store.VolumeId) && !replicas.Holders.Any(holder => holder.IsDown))
            {
                foreach (var page in RangeRecords.Of(store, range, after).Chunk(AdoptRequest.IdsMax))
                {
                    given += await GiveUpAsync(store, current, replicas, page, budget, cancellationToken);
                }
            }

            after = range.Last;
        }

        if (given > 0)
        {
            log.StraysGivenUp(store.VolumeId, given);
        }
    }

    /// <returns>How many.</returns>
    private async Task<int> GiveUpAsync(
        BlobStore store,
        ClusterMap current,
        ReplicaSet replicas,
        RecordInfo[] strays,
        RepairBudget budget,
        CancellationToken cancellationToken
    )
    {
        var held = strays.Select(stray => stray.Id).ToHashSet();
        foreach (var holder in replicas.Holders)
        {
            foreach (var stamped in strays.GroupBy(stray => stray.TouchEpoch))
            {
                await AdoptAsync(store, current, holder, stamped.Key, [.. stamped], held, budget, cancellationToken);
            }
        }

        // By now every holder has each of these durably, checked, with the stamp that it has here.
        await store.DeleteAsync([.. held], cancellationToken);
        return held.Count;
    }

    /// <summary>Takes out of <paramref name="held"/> what this holder does not have in the end.</summary>
    private async Task AdoptAsync(
        BlobStore store,
        ClusterMap current,
        MapVolume holder,
        uint epoch,
        IReadOnlyList<RecordInfo> strays,
        HashSet<ChunkId> held,
        RepairBudget budget,
        CancellationToken cancellationToken
    )
    {
        var have = await calls.AdoptAsync(holder, epoch, [.. strays.Select(stray => stray.Id)], cancellationToken);
        for (var i = 0; i < strays.Count; i++)
        {
            if (!have[i] && !await SendAsync(store, current, holder, strays[i], budget, cancellationToken))
            {
                held.Remove(strays[i].Id);
            }
        }
    }

    private async Task<bool> SendAsync(
        BlobStore store,
        ClusterMap current,
        MapVolume holder,
        RecordInfo stray,
        RepairBudget budget,
        CancellationToken cancellationToken
    )
    {
        using var work = await budget.BeginAsync(stray.RecordBytes, cancellationToken);
        try
        {
            return await RecordSending.SendAsync(store, stray, [holder], current.Version, transport, cancellationToken);
        }
        catch (BlobException error) when (error.Error == BlobError.Damaged)
        {
            log.StraysStay(store.VolumeId, error.Message);
            return false;
        }
    }
}
