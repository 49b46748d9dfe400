using System.Buffers;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster;
using FileSharing.StorageNode.Repair;
using FileSharing.StorageNode.Replication;
using FileSharing.StorageNode.Volumes;

namespace FileSharing.StorageNode.Downloads;

/// <summary>
/// Reads plaintext of one chunk or manifest: from the local volume when it is an owner, else from another. A block that fails its check is never handed
/// over (I3): the rest comes from another copy, and the local one is healed.
/// </summary>
internal sealed class ContentReader(VolumeSet volumes, RecordCodec codec, ReplicaReader replicas, Healer healer)
{
    /// <summary>Appends <paramref name="length"/> plain bytes from <paramref name="offset"/> to <paramref name="destination"/>.</summary>
    /// <exception cref="ChunkMissingException">No owner has it, or what they have is of another kind.</exception>
    /// <exception cref="ChunkUnavailableException">No good copy can be read now.</exception>
    public async ValueTask ReadAsync(
        ChunkId id,
        RecordKind kind,
        int offset,
        int length,
        IBufferWriter<byte> destination,
        CancellationToken cancellationToken
    )
    {
        var counted = new CountingWriter(destination);
        Guid? tried = null;
        using (var local = volumes.EnterOwner(id))
        {
            tried = local?.VolumeId;
            if (
                local is not null
                && await TryReadLocalAsync(local.Store, id, kind, offset, length, counted, cancellationToken)
            )
            {
                return;
            }
        }

        using var record = await FetchAsync(id, tried, cancellationToken);
        Decode(record, id, kind, offset + counted.Written, length - counted.Written, counted);
    }

    /// <summary>Appends all of it, where the length is not known beforehand (a manifest).</summary>
    /// <exception cref="IOException">As <see cref="ReadAsync"/>.</exception>
    public async ValueTask ReadWholeAsync(
        ChunkId id,
        RecordKind kind,
        IBufferWriter<byte> destination,
        CancellationToken cancellationToken
    )
    {
        Guid? tried = null;
        using (var local = volumes.EnterOwner(id))
        {
            tried = local?.VolumeId;
            if (local is not null && await TryReadRecordAsync(local.Store, id, cancellationToken) is { } stored)
            {
                using var lease = new RecordLease(new StoredRecordMemory(stored), stored.Memory.Length);
                DecodeWhole(lease, id, kind, destination);
                return;
            }
        }

        using var record = await FetchAsync(id, tried, cancellationToken);
        DecodeWhole(record, id, kind, destination);
    }

    private void DecodeWhole(RecordLease record, ChunkId id, RecordKind kind, IBufferWriter<byte> destination) =>
        Decode(record, id, kind, 0, RecordCodec.ReadHeader(record.Record.Span).PlainBytes, destination);

    /// <summary>True when the local volume holds it, going by the index.</summary>
    /// <param name="tried">The local volume that was asked, if one is open.</param>
    public bool IsLocal(ChunkId id, out Guid? tried)
    {
        using var local = volumes.EnterOwner(id);
        tried = local?.VolumeId;
        return local is not null && Holds(local.Store, id);
    }

    /// <summary>The encoded record from an owner other than the one that was <paramref name="tried"/>.</summary>
    public ValueTask<RecordLease> FetchAsync(ChunkId id, Guid? tried, CancellationToken cancellationToken) =>
        replicas.ReadAsync(id, except: owner => owner.VolumeId == tried, cancellationToken);

    private static bool Holds(BlobStore store, ChunkId id)
    {
        try
        {
            return store.Find(id) is not null;
        }
        catch (BlobException error) when (error.Error == BlobError.IndexDamaged)
        {
            return false;
        }
    }

    /// <summary>Decodes a fetched record, with the same checks block by block.</summary>
    public void Decode(
        RecordLease record,
        ChunkId id,
        RecordKind kind,
        int offset,
        int length,
        IBufferWriter<byte> destination
    )
    {
        try
        {
            var header = RecordCodec.ReadHeader(record.Record.Span);
            if (header.Id != id || header.Kind != kind)
            {
                throw new ChunkMissingException(id);
            }

            codec.DecodeRange(record.Record.Span, offset, length, destination);
        }
        catch (BlobException)
        {
            throw new ChunkUnavailableException(id);
        }
    }

    /// <returns>Null when it is not there, or not to be had.</returns>
    private async ValueTask<StoredRecord?> TryReadRecordAsync(
        BlobStore local,
        ChunkId id,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await local.ReadRecordAsync(id, cancellationToken);
        }
        catch (BlobException error) when (IsOfThisCopy(error))
        {
            Heal(local, id, error);
            return null;
        }
    }

    private async ValueTask<bool> TryReadLocalAsync(
        BlobStore local,
        ChunkId id,
        RecordKind kind,
        int offset,
        int length,
        CountingWriter destination,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await local.ReadPlainAsync(id, kind, offset, length, destination, cancellationToken);
        }
        catch (BlobException error) when (IsOfThisCopy(error))
        {
            Heal(local, id, error);
            return false;
        }
    }

    /// <summary>Another owner's copy may be read.</summary>
    private static bool IsOfThisCopy(BlobException error) => error.Error is BlobError.Damaged or BlobError.IndexDamaged;

    /// <summary>A damaged index is built anew by opening the volume again; nothing that was put here would be found.</summary>
    private void Heal(BlobStore local, ChunkId id, BlobException error)
    {
        if (error.Error == BlobError.Damaged)
        {
            healer.Enqueue(local.VolumeId, id);
        }
    }
}
