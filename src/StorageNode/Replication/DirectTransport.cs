using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;

namespace FileSharing.StorageNode.Replication;

/// <summary>
/// The transport of a node: by direct call to a volume in this process, over HTTP to any other. A volume that the map places here but that is not open
/// (it failed, or has been stopped) is asked over HTTP too, and answers as its node does.
/// </summary>
internal sealed class DirectTransport(DirectPeers peers, IChunkTransport http) : IChunkTransport
{
    public ValueTask<RecordStatus> PutAsync(PutRecord put, RecordLease record, CancellationToken cancellationToken) =>
        peers.Find(put.Target.VolumeId) is { } volumes
            ? PutDirectAsync(volumes, put, record, cancellationToken)
            : http.PutAsync(put, record, cancellationToken);

    private static async ValueTask<RecordStatus> PutDirectAsync(
        VolumeSet volumes,
        PutRecord put,
        RecordLease record,
        CancellationToken cancellationToken
    )
    {
        using var held = record.Retain();
        return await volumes.PutAsync(
            put.Target.VolumeId,
            put.MapVersion,
            held.Record,
            put.Epoch,
            put.Owed,
            cancellationToken
        );
    }

    public async ValueTask SettleAsync(
        MapVolume target,
        long mapVersion,
        IReadOnlyList<ChunkId> ids,
        CancellationToken cancellationToken
    )
    {
        if (peers.Find(target.VolumeId)?.Find(target.VolumeId) is not { } store)
        {
            await http.SettleAsync(target, mapVersion, ids, cancellationToken);
            return;
        }

        try
        {
            await store.SettleAsync(ids, cancellationToken);
        }
        catch (BlobException)
        {
            // A poisoned volume keeps its marks; so does what replaces it.
        }
    }

    public async ValueTask<FetchResult> GetAsync(MapVolume target, ChunkId id, CancellationToken cancellationToken)
    {
        if (peers.Find(target.VolumeId)?.Find(target.VolumeId) is not { } store)
        {
            return await http.GetAsync(target, id, cancellationToken);
        }

        try
        {
            var record = await store.ReadRecordAsync(id, cancellationToken);
            return record is null
                ? new FetchResult(FetchOutcome.Absent)
                : new FetchResult(
                    FetchOutcome.Found,
                    new RecordLease(new StoredRecordMemory(record), record.Memory.Length)
                );
        }
        catch (BlobException)
        {
            return new FetchResult(FetchOutcome.Damaged);
        }
    }

    public ValueTask<IReadOnlyList<bool>?> HasAsync(
        MapVolume target,
        IReadOnlyList<ChunkId> ids,
        CancellationToken cancellationToken
    ) =>
        peers.Find(target.VolumeId)?.Find(target.VolumeId) is { } store
            ? ValueTask.FromResult<IReadOnlyList<bool>?>([.. ids.Select(store.Has)])
            : http.HasAsync(target, ids, cancellationToken);
}
