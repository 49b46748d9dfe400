using System.Security.Cryptography;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster;

namespace FileSharing.StorageNode.Ingest;

/// <summary>The way of every plaintext into the cluster, whichever endpoint received it: encode once, put on the owners, return when two have it durably.</summary>
internal sealed class ChunkIngest(RecordCodec codec, BufferPool buffers, ReplicaWriter writer)
{
    /// <summary>Bytes that storing a chunk takes beside its plaintext.</summary>
    public static int EncodedBytesMax(int plainBytes) => RecordCodec.RecordBytesMax(plainBytes);

    /// <summary>Encodes now, so that the caller may reuse <paramref name="plain"/> when this returns; the task ends with the acknowledgement.</summary>
    /// <param name="id">The caller has hashed <paramref name="plain"/> to it.</param>
    /// <param name="released">Called when the encoded bytes are no longer held, also after the acknowledgement.</param>
    /// <returns>True when it was new.</returns>
    /// <exception cref="ReplicaWriteException">Through the task: not acknowledged.</exception>
    public Task<bool> StoreAsync(
        RecordKind kind,
        ChunkId id,
        ReadOnlySpan<byte> plain,
        uint epoch,
        Action? released,
        CancellationToken cancellationToken
    )
    {
        var buffer = buffers.Rent(RecordCodec.RecordBytesMax(plain.Length));
        int length;
        try
        {
            length = codec.Encode(kind, id, plain, buffer.GetSpan());
        }
        catch
        {
            buffer.Dispose();
            throw;
        }

        return WriteAsync(id, new RecordLease(buffer, length, released), epoch, cancellationToken);
    }

    private async Task<bool> WriteAsync(ChunkId id, RecordLease record, uint epoch, CancellationToken cancellationToken)
    {
        using (record)
        {
            return await writer.WriteAsync(id, record, epoch, cancellationToken);
        }
    }

    /// <summary>A buffer of the pool.</summary>
    public PooledBuffer Rent(int bytes) => buffers.Rent(bytes);
}
