using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using FileSharing.BlobEngine;
using FileSharing.Chunks;

namespace FileSharing.Micro;

/// <summary>One volume on the disk that holds the temporary directory: durable appends, and looking an id up.</summary>
public class StoreBenchmarks
{
    private const int Records = 50_000;
    private const int ConcurrentPuts = 32;
    private const int SmallBytes = 4 << 10;

    private readonly string path = Directory.CreateTempSubdirectory("fileshare-micro-").FullName;
    private readonly byte[] plain = RandomNumberGenerator.GetBytes(1 << 20);
    private readonly List<ChunkId> ids = [];
    private readonly RecordCodec codec = new(new DataKeys(null, []), new RecordCodecOptions());
    private BlobStore store = null!;
    private long number;

    [GlobalSetup]
    public async Task SetupAsync()
    {
        var options = new VolumeOptions
        {
            Path = Path.Combine(path, "volume"),
            ClusterId = Guid.NewGuid(),
            NodeName = "micro",
        };
        store = await BlobStore.OpenAsync(
            options,
            new DataKeys(null, []),
            new DirectDisk(),
            TimeProvider.System,
            CancellationToken.None
        );
        foreach (var batch in Enumerable.Range(0, Records).Chunk(256))
        {
            ids.AddRange(await Task.WhenAll(batch.Select(_ => PutAsync(64))));
        }
    }

    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        await store.DisposeAsync();
        Directory.Delete(path, recursive: true);
    }

    /// <summary>32 durable puts of 4 KiB at once: they share a sync.</summary>
    [Benchmark(OperationsPerInvoke = ConcurrentPuts)]
    public Task Append4KiB() => Task.WhenAll(Enumerable.Range(0, ConcurrentPuts).Select(_ => PutAsync(SmallBytes)));

    /// <summary>8 durable puts of 1 MiB at once.</summary>
    [Benchmark(OperationsPerInvoke = 8)]
    public Task Append1MiB() => Task.WhenAll(Enumerable.Range(0, 8).Select(_ => PutAsync(1 << 20)));

    [Benchmark]
    public RecordInfo? IndexGet() => store.Find(ids[(int)(Interlocked.Increment(ref number) * 7919 % ids.Count)]);

    private async Task<ChunkId> PutAsync(int bytes)
    {
        var chunk = plain.AsSpan(0, bytes).ToArray();
        BitConverter.TryWriteBytes(chunk, Interlocked.Increment(ref number));
        var id = ChunkId.OfChunk(chunk);
        var record = new byte[RecordCodec.RecordBytesMax(bytes)];
        var length = codec.Encode(RecordKind.Chunk, id, chunk, record);
        await store.PutAsync(record.AsMemory(0, length), new PutOptions(1, Owed: false), CancellationToken.None);
        return id;
    }
}
