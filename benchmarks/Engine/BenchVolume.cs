using System.Security.Cryptography;
using FileSharing.BlobEngine;
using FileSharing.Chunks.Keys;

namespace FileSharing.Engine;

/// <summary>A volume as a node has it: encrypted, compressing, on the real disk. Its keys are fixed, so that another process can open it too.</summary>
internal sealed class BenchVolume : IAsyncDisposable
{
    private readonly DataKeys keys;

    private BenchVolume(string path, BlobStore store, DataKeys keys, BufferPool buffers)
    {
        Path = path;
        Store = store;
        this.keys = keys;
        Buffers = buffers;
        Codec = new RecordCodec(keys, new RecordCodecOptions());
    }

    public string Path { get; }

    public BlobStore Store { get; }

    public BufferPool Buffers { get; }

    public RecordCodec Codec { get; }

    /// <summary>A codec with the same keys that does not compress.</summary>
    public RecordCodec CodecWithoutCompression => new(keys, new RecordCodecOptions { Compress = false });

    /// <summary>Bytes of all files: segments, index, and the small ones.</summary>
    public long FileBytes => Directory.EnumerateFiles(Path, "*", SearchOption.AllDirectories).Sum(BytesOf);

    public IReadOnlyList<string> SegmentPaths =>
        [.. Directory.EnumerateFiles(System.IO.Path.Combine(Path, "segments")).Order(StringComparer.Ordinal)];

    public static async Task<BenchVolume> OpenAsync(string path)
    {
        using var root = new RootKey(SHA256.HashData("root key of the benchmarks"u8));
        var data = SHA256.HashData("data key of the benchmarks"u8);
        var dataKeys = new DataKeys(root, [root.Wrap(KeyDomain.Data, 1, DateTimeOffset.UnixEpoch, data)]);
        var buffers = new BufferPool(48L << 20);
        var options = new VolumeOptions
        {
            Path = path,
            ClusterId = new Guid("2f1d0e0c-8a53-4d0e-b6a4-6d6f0f0b7a01"),
            NodeName = "benchmark",
            Buffers = buffers,
        };
        var store = await BlobStore.OpenAsync(
            options,
            dataKeys,
            new DirectDisk(),
            TimeProvider.System,
            CancellationToken.None
        );
        await store.StoreKeysAsync(dataKeys.Wrapped, CancellationToken.None);
        return new BenchVolume(path, store, dataKeys, buffers);
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        Buffers.Dispose();
        keys.Dispose();
    }

    private static long BytesOf(string path) => new FileInfo(path).Length;
}
