using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Repair;
using FileSharing.StorageNode.Volumes;

namespace FileSharing.UnitTests.ClusterSimulation;

/// <summary>
/// Calls from one process to volumes over the simulated network, to its own without it. The other end does what the product's endpoints do: it enters the volume, and asks its store.
/// </summary>
internal sealed class SimTransport(SimNetwork network, SimHosts hosts, ISimServer caller, int from)
    : IChunkTransport,
        IVolumeCalls
{
    public async ValueTask<RecordStatus> PutAsync(
        PutRecord put,
        RecordLease record,
        CancellationToken cancellationToken
    )
    {
        var bytes = record.Record.ToArray();
        try
        {
            return await CallAsync(put.Target, "put", StoreAsync);
        }
        catch (HttpRequestException)
        {
            return RecordStatus.Unreachable;
        }

        Task<RecordStatus> StoreAsync(SimNode node) =>
            node
                .Volumes.PutAsync(
                    put.Target.VolumeId,
                    put.MapVersion,
                    bytes,
                    put.Epoch,
                    put.Owed,
                    CancellationToken.None
                )
                .AsTask();
    }

    public async ValueTask SettleAsync(
        MapVolume target,
        long mapVersion,
        IReadOnlyList<ChunkId> ids,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await CallAsync(target, "settle", node => OnAsync(node, target, SettleAsync));
        }
        catch (HttpRequestException)
        {
            // Best effort.
        }

        async Task<bool> SettleAsync(BlobStore store)
        {
            await store.SettleAsync(ids, CancellationToken.None);
            return true;
        }
    }

    public async ValueTask<FetchResult> GetAsync(
        MapVolume target,
        ChunkId id,
        Action answered,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var (outcome, bytes) = await CallAsync(target, "get", node => ReadAsync(node, target, id));
            return bytes is null
                ? new FetchResult(outcome)
                : new FetchResult(outcome, new RecordLease(new UnpooledBytes(bytes), bytes.Length));
        }
        catch (HttpRequestException)
        {
            return new FetchResult(FetchOutcome.Unreachable);
        }
    }

    private static async Task<(FetchOutcome, byte[]?)> ReadAsync(SimNode node, MapVolume target, ChunkId id)
    {
        using var use = Enter(node, target);
        try
        {
            using var record = await node.Volumes.ReadRecordAsync(use, id, CancellationToken.None);
            return record is null ? (FetchOutcome.Absent, null) : (FetchOutcome.Found, record.Memory.ToArray());
        }
        catch (BlobException error) when (error.Error == BlobError.Damaged)
        {
            return (FetchOutcome.Damaged, null);
        }
    }

    public async ValueTask<IReadOnlyList<bool>?> HasAsync(
        MapVolume target,
        IReadOnlyList<ChunkId> ids,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await CallAsync(target, "has", node => OnAsync(node, target, HasAsync));
        }
        catch (HttpRequestException)
        {
            return null;
        }

        Task<bool[]> HasAsync(BlobStore store) => Task.FromResult(ids.Select(store.Has).ToArray());
    }

    public async Task<IReadOnlyList<bool>> AdoptAsync(
        MapVolume volume,
        uint epoch,
        IReadOnlyList<ChunkId> ids,
        CancellationToken cancellationToken
    ) =>
        await CallAsync(
            volume,
            "adopt",
            node => OnAsync(node, volume, store => store.AdoptAsync(ids, epoch, CancellationToken.None).AsTask())
        );

    public async Task<IReadOnlyList<RangeDigest>> DigestAsync(
        MapVolume volume,
        DigestRequest request,
        CancellationToken cancellationToken
    ) =>
        await CallAsync(
            volume,
            "digest",
            node =>
                OnAsync(
                    node,
                    volume,
                    store =>
                        Task.FromResult(
                            request.Ranges.Select(range => RangeRecords.DigestOf(store, range, request.Nonce)).ToArray()
                        )
                )
        );

    public async Task<IReadOnlyList<ListedRecord>> ListAsync(
        MapVolume volume,
        RangeListRequest request,
        CancellationToken cancellationToken
    ) =>
        await CallAsync(
            volume,
            "list",
            node => OnAsync(node, volume, store => Task.FromResult(Listed(store, request)))
        );

    private static ListedRecord[] Listed(BlobStore store, RangeListRequest request) =>
        [
            .. RangeRecords
                .Of(store, request.Range, request.After ?? request.Range.Before)
                .Take(RangeListReply.RecordsMax)
                .Select(record => new ListedRecord(record.Id, record.TouchEpoch, record.RecordBytes)),
        ];

    public async Task<IReadOnlyList<byte[]?>> ChallengeAsync(
        MapVolume volume,
        ChallengeRequest request,
        CancellationToken cancellationToken
    ) => await CallAsync(volume, "challenge", node => OnAsync(node, volume, store => ProveAsync(node, store, request)));

    private static async Task<byte[]?[]> ProveAsync(SimNode node, BlobStore store, ChallengeRequest request)
    {
        var proofs = new byte[]?[request.Ids.Count];
        for (var i = 0; i < proofs.Length; i++)
        {
            try
            {
                proofs[i] = await store.ProveAsync(request.Ids[i], request.Nonce, CancellationToken.None);
            }
            catch (BlobException error) when (error.Error == BlobError.Damaged)
            {
                node.Healer.Enqueue(store.VolumeId, request.Ids[i]);
            }
        }

        return proofs;
    }

    private static async Task<T> OnAsync<T>(SimNode node, MapVolume volume, Func<BlobStore, Task<T>> ask)
    {
        using var use = Enter(node, volume);
        return await ask(use.Store);
    }

    private static VolumeUse Enter(SimNode node, MapVolume volume) =>
        node.Volumes.Enter(volume.VolumeId) ?? throw new HttpRequestException("This volume is not open on this node.");

    private async Task<T> CallAsync<T>(MapVolume target, string what, Func<SimNode, Task<T>> serve)
    {
        var to = hosts.NumberOf(target.NodeId);
        if (to != from)
        {
            return await network.CallAsync(caller, caller.Process, from, to, what, serve);
        }

        try
        {
            return await serve((SimNode)caller);
        }
        catch (IOException error)
        {
            throw new HttpRequestException(error.Message, error);
        }
    }
}
