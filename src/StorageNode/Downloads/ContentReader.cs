using System.Buffers;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster;
using FileSharing.Cluster.Map;
using FileSharing.StorageNode.Repair;
using FileSharing.StorageNode.Replication;

namespace FileSharing.StorageNode.Downloads;

/// <summary>
/// Reads plaintext of one chunk or manifest: from the local volume when it is an owner, else from another. A block that fails its check is never handed
/// over (I3): the rest comes from another copy, and the local one is healed.
/// </summary>
internal sealed class ContentReader(VolumeSet volumes, RecordCodec codec, ReplicaReader replicas, Healer healer)
{
    /// <summary>True when the local volume holds it, going by the index.</summary>
    public bool IsLocal(ChunkId id) => volumes.OwnerOf(id)?.Find(id) is not null;

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
        var local = volumes.OwnerOf(id);
        var counted = new CountingWriter(destination);
        if (local is not null && await TryReadLocalAsync(local, id, kind, offset, length, counted, cancellationToken))
        {
            return;
        }

        using var record = await FetchAsync(id, cancellationToken);
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
        if (volumes.OwnerOf(id) is { } local)
        {
            try
            {
                if (await local.ReadRecordAsync(id, cancellationToken) is { } stored)
                {
                    using var lease = new RecordLease(new StoredRecordMemory(stored), stored.Memory.Length);
                    DecodeWhole(lease, id, kind, destination);
                    return;
                }
            }
            catch (BlobException error) when (IsOfThisCopy(error))
            {
                Heal(local, id, error);
            }
        }

        using var record = await FetchAsync(id, cancellationToken);
        DecodeWhole(record, id, kind, destination);
    }

    private void DecodeWhole(RecordLease record, ChunkId id, RecordKind kind, IBufferWriter<byte> destination) =>
        Decode(record, id, kind, 0, RecordCodec.ReadHeader(record.Record.Span).PlainBytes, destination);

    /// <summary>The encoded record from an owner other than this node's volume, for reading ahead.</summary>
    public ValueTask<RecordLease> FetchAsync(ChunkId id, CancellationToken cancellationToken) =>
        replicas.ReadAsync(id, except: volumes.Holds, cancellationToken);

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
            healer.Enqueue(local, id);
        }
    }
}
