using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Wire;

namespace FileSharing.StorageNode.Volumes;

/// <summary>
/// The volumes of this node that are open at the moment, and what other nodes may ask of them: the same for a call over HTTP and a direct one. Volumes
/// come and go while it is used: who works on one enters it first.
/// </summary>
internal sealed class VolumeSet(MapHolder map, DataKeys keys)
{
    private readonly Lock swapping = new();
    private volatile OpenVolume[] open = [];

    /// <summary>As of now, in the order of the node's directories.</summary>
    public IReadOnlyList<OpenVolume> Open => open;

    /// <summary>Asked for a data key that a record needs and its volume lacks, before the record is refused; null: it is refused at once.</summary>
    public Func<uint, CancellationToken, Task>? KeyMissing { get; set; }

    /// <summary>Asked before a record is taken: true when this node's map may hold no more.</summary>
    public Func<bool> IsCutOff { get; set; } = () => false;

    /// <summary>Told of a record that was to go to another node and was found damaged.</summary>
    public Action<Guid, ChunkId>? DamageFound { get; set; }

    /// <summary>Puts the process's data keys on the volume, then lets requests find it: a record must never need a key that its volume lacks.</summary>
    public async Task AddAsync(OpenVolume volume, CancellationToken cancellationToken)
    {
        await volume.Store.StoreKeysAsync(keys.Wrapped, cancellationToken);
        lock (swapping)
        {
            open = [.. open.Append(volume).OrderBy(one => one.Number)];
        }
    }

    /// <summary>No request finds it any more; those that work on it go on.</summary>
    public void Remove(OpenVolume volume)
    {
        lock (swapping)
        {
            open = [.. open.Where(one => one != volume)];
        }
    }

    /// <returns>Null when it is not open here.</returns>
    public VolumeUse? Enter(Guid volumeId)
    {
        foreach (var volume in open)
        {
            if (volume.VolumeId == volumeId)
            {
                return volume.TryEnter();
            }
        }

        return null;
    }

    /// <summary>The open local volume that may have this id, if one does.</summary>
    public VolumeUse? EnterOwner(ChunkId id)
    {
        foreach (var owner in map.Required.ReplicasOf(id).Readers)
        {
            if (Enter(owner.VolumeId) is { } use)
            {
                return use;
            }
        }

        return null;
    }

    public bool Holds(Guid volumeId)
    {
        foreach (var volume in open)
        {
            if (volume.VolumeId == volumeId)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Reads one record for another node (or for this one); null when it is not there.</summary>
    /// <exception cref="BlobException">As <see cref="BlobStore.ReadRecordAsync"/>. What is damaged has been reported.</exception>
    public async ValueTask<StoredRecord?> ReadRecordAsync(
        VolumeUse use,
        ChunkId id,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await use.Store.ReadRecordAsync(id, cancellationToken);
        }
        catch (BlobException error) when (error.Error == BlobError.Damaged)
        {
            DamageFound?.Invoke(use.VolumeId, id);
            throw;
        }
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

        if (IsCutOff())
        {
            return RecordStatus.CutOff;
        }

        if (!TryReadId(record.Span, out var id) || !current.ReplicasOf(id).Takes(volumeId))
        {
            return RecordStatus.NotAnOwner;
        }

        using var use = Enter(volumeId);
        if (use is null)
        {
            return RecordStatus.VolumeAway;
        }

        var options = new PutOptions(epoch, owed);
        try
        {
            var status = await TryPutAsync(use.Store, record, options, cancellationToken);
            if (status == RecordStatus.UnknownKey && KeyMissing is { } provide)
            {
                await provide(RecordCodec.ReadHeader(record.Span).KeyId, cancellationToken);
                status = await TryPutAsync(use.Store, record, options, cancellationToken);
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
        catch (IOException)
        {
            // The index or the disk: as good as no write.
            return RecordStatus.VolumePoisoned;
        }
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
