using System.Buffers.Binary;
using FileSharing.BlobEngine;
using FileSharing.Chunks;

namespace FileSharing.Engine;

/// <summary>
/// One writer: its plaintext is random once, and stamped for every put, so that no two are alike. A put is all that a node does with a chunk: hash, compress on trial, seal, append.
/// </summary>
internal sealed class Putter : IDisposable
{
    private const int StampEveryBytes = 64 << 10;

    private readonly BenchVolume volume;
    private readonly byte[] plain;
    private readonly PooledBuffer record;
    private readonly int worker;
    private long number;

    public Putter(BenchVolume volume, int worker, int bytes)
    {
        this.volume = volume;
        this.worker = worker;
        plain = new byte[bytes];
        new Random(worker).NextBytes(plain);
        record = volume.Buffers.Rent(RecordCodec.RecordBytesMax(bytes));
    }

    /// <summary>Bytes of all records put so far.</summary>
    public long RecordBytes { get; private set; }

    /// <returns>When it is durable.</returns>
    public async Task<ChunkId> PutAsync()
    {
        Stamp();
        var id = ChunkId.OfChunk(plain);
        var length = volume.Codec.Encode(RecordKind.Chunk, id, plain, record.GetSpan());
        await volume.Store.PutAsync(record.Memory[..length], new PutOptions(1, Owed: false), CancellationToken.None);
        RecordBytes += length;
        return id;
    }

    private void Stamp()
    {
        number++;
        for (var at = 0; at < plain.Length; at += StampEveryBytes)
        {
            BinaryPrimitives.WriteInt64LittleEndian(plain.AsSpan(at), number);
            BinaryPrimitives.WriteInt32LittleEndian(plain.AsSpan(at + sizeof(long)), worker);
        }
    }

    public void Dispose() => record.Dispose();
}
