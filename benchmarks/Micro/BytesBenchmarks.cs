using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Chunks.Keys;

namespace FileSharing.Micro;

/// <summary>What is done to every byte: cut, hash, encode, decode. All on 1 MiB, so that 1 ms is 1 GiB/s (1.024).</summary>
public class BytesBenchmarks
{
    private const int Bytes = 1 << 20;

    private readonly byte[] random = RandomNumberGenerator.GetBytes(8 * Bytes);
    private readonly byte[] record = new byte[RecordCodec.RecordBytesMax(Bytes)];
    private readonly Sink sink = new();
    private readonly Chunker chunker = new(ChunkingPolicy.Dedup);
    private RecordCodec codec = null!;
    private ChunkId id;
    private int recordBytes;

    [GlobalSetup]
    public void Setup()
    {
        using var root = new RootKey(RandomNumberGenerator.GetBytes(RootKey.Bytes));
        var key = root.Wrap(KeyDomain.Data, 1, DateTimeOffset.UnixEpoch, RandomNumberGenerator.GetBytes(32));
        codec = new RecordCodec(new DataKeys(root, [key]), new RecordCodecOptions());
        id = ChunkId.OfChunk(random.AsSpan(0, Bytes));
        recordBytes = codec.Encode(RecordKind.Chunk, id, random.AsSpan(0, Bytes), record);
    }

    /// <summary>8 MiB, to the last cut.</summary>
    [Benchmark]
    public int Cut8MiB()
    {
        var cuts = 0;
        for (var rest = random.AsSpan(); rest.Length > 0; cuts++)
        {
            rest = rest[chunker.Cut(rest)..];
        }

        return cuts;
    }

    [Benchmark]
    public ChunkId Hash() => ChunkId.OfChunk(random.AsSpan(0, Bytes));

    [Benchmark]
    public int Encode() => codec.Encode(RecordKind.Chunk, id, random.AsSpan(0, Bytes), record);

    /// <summary>What a replica checks before it stores.</summary>
    [Benchmark]
    public void VerifyRecord() => RecordCodec.Verify(record.AsSpan(0, recordBytes));

    [Benchmark]
    public void Decode()
    {
        sink.Reset();
        codec.DecodeRange(record.AsSpan(0, recordBytes), 0, Bytes, sink);
    }

    /// <summary>A writer that keeps nothing.</summary>
    private sealed class Sink : System.Buffers.IBufferWriter<byte>
    {
        private readonly byte[] buffer = new byte[Bytes];
        private int at;

        public void Reset() => at = 0;

        public void Advance(int count) => at += count;

        public Memory<byte> GetMemory(int sizeHint = 0) => buffer.AsMemory(at);

        public Span<byte> GetSpan(int sizeHint = 0) => buffer.AsSpan(at);
    }
}
