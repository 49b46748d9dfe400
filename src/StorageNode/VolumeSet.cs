using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Wire;

namespace FileSharing.StorageNode;

/// <summary>The open volumes of this node, and what other nodes may ask of them: the same for a call over HTTP and a direct one.</summary>
internal sealed class VolumeSet(IReadOnlyList<BlobStore> stores, MapHolder map)
{
    private readonly Dictionary<Guid, BlobStore> byId = stores.ToDictionary(store => store.VolumeId);

    public IReadOnlyList<BlobStore> Stores { get; } = stores;

    /// <summary>Asked for a data key that a record needs and its volume lacks, before the record is refused; null: it is refused at once.</summary>
    public Func<uint, CancellationToken, Task>? KeyMissing { get; set; }

    public BlobStore? Find(Guid volumeId) => byId.GetValueOrDefault(volumeId);

    public bool Holds(MapVolume volume) => byId.ContainsKey(volume.VolumeId);

    /// <summary>The local volume that owns this id, if one does.</summary>
    public BlobStore? OwnerOf(ChunkId id)
    {
        foreach (var owner in map.Required.OwnersOf(id))
        {
            if (byId.TryGetValue(owner.VolumeId, out var store))
            {
                return store;
            }
        }

        return null;
    }

    /// <summary>Stores one record of another node (or of this one). Never throws for what the sender can act on.</summary>
    public async ValueTask<RecordStatus> PutAsync(
        Guid volumeId,
        long mapVersion,
        ReadOnlyMemory<byte> record,
        uint epoch,
        bool owed,
        CancellationToken cancellationToken
    )
    {
        if (map.Current is not { } current || mapVersion < current.Version)
        {
            return RecordStatus.StaleMap;
        }

        if (Find(volumeId) is not { } store || !TryReadId(record.Span, out var id) || !Owns(current, volumeId, id))
        {
            return RecordStatus.NotAnOwner;
        }

        var options = new PutOptions(epoch, owed);
        try
        {
            var status = await TryPutAsync(store, record, options, cancellationToken);
            if (status == RecordStatus.UnknownKey && KeyMissing is { } provide)
            {
                await provide(RecordCodec.ReadHeader(record.Span).KeyId, cancellationToken);
                status = await TryPutAsync(store, record, options, cancellationToken);
            }

            return status;
        }
        catch (OperationCanceledException)
        {
            return RecordStatus.Unreachable;
        }
    }

    private static async Task<RecordStatus> TryPutAsync(
        BlobStore store,
        ReadOnlyMemory<byte> record,
        PutOptions options,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await store.PutAsync(record, options, cancellationToken) switch
            {
                PutOutcome.Stored => RecordStatus.Stored,
                PutOutcome.Healed => RecordStatus.Healed,
                _ => RecordStatus.AlreadyPresent,
            };
        }
        catch (BlobException error)
        {
            return error.Error switch
            {
                BlobError.VolumeFull => RecordStatus.VolumeFull,
                BlobError.UnknownKey => RecordStatus.UnknownKey,
                BlobError.BadRecord => RecordStatus.BadRecord,
                _ => RecordStatus.VolumePoisoned,
            };
        }
    }

    private static bool Owns(ClusterMap at, Guid volumeId, ChunkId id)
    {
        foreach (var owner in at.OwnersOf(id))
        {
            if (owner.VolumeId == volumeId)
            {
                return true;
            }
        }

        return false;
    }

    private static bool TryReadId(ReadOnlySpan<byte> record, out ChunkId id)
    {
        try
        {
            id = RecordCodec.ReadHeader(record).Id;
            return true;
        }
        catch (BlobException)
        {
            id = default;
            return false;
        }
    }
}
