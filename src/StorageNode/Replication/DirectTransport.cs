using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Volumes;

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
        using var use = Enter(target);
        if (use is null)
        {
            await http.SettleAsync(target, mapVersion, ids, cancellationToken);
            return;
        }

        try
        {
            await use.Store.SettleAsync(ids, cancellationToken);
        }
        catch (IOException)
        {
            // A volume that cannot write keeps its marks; so does what replaces it.
        }
    }

    public async ValueTask<FetchResult> GetAsync(
        MapVolume target,
        ChunkId id,
        Action answered,
        CancellationToken cancellationToken
    )
    {
        var volumes = peers.Find(target.VolumeId);
        using var use = volumes?.Enter(target.VolumeId);
        if (use is null)
        {
            return await http.GetAsync(target, id, answered, cancellationToken);
        }

        try
        {
            var record = await volumes!.ReadRecordAsync(use, id, cancellationToken);
            return record is null
                ? new FetchResult(FetchOutcome.Absent)
                : new FetchResult(
                    FetchOutcome.Found,
                    new RecordLease(new StoredRecordMemory(record), record.Memory.Length)
                );
        }
        catch (BlobException error) when (error.Error != BlobError.IndexDamaged)
        {
            return new FetchResult(FetchOutcome.Damaged);
        }
        catch (IOException)
        {
            // Whether it has the record cannot be told.
            return new FetchResult(FetchOutcome.Unreachable);
        }
    }

    public async ValueTask<IReadOnlyList<bool>?> HasAsync(
        MapVolume target,
        IReadOnlyList<ChunkId> ids,
        CancellationToken cancellationToken
    )
    {
        using var use = Enter(target);
        if (use is null)
        {
            return await http.HasAsync(target, ids, cancellationToken);
        }

        try
        {
            return [.. ids.Select(use.Store.Has)];
        }
        catch (IOException)
        {
            return null;
        }
    }

    private VolumeUse? Enter(MapVolume target) => peers.Find(target.VolumeId)?.Enter(target.VolumeId);
}
