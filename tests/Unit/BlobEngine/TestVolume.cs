using System.Buffers;
using System.Security.Cryptography;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Chunks.Keys;

namespace FileSharing.UnitTests.BlobEngine;

/// <summary>A volume in a directory of its own, removed in the end.</summary>
internal sealed class TestVolume : IAsyncDisposable
{
    public static readonly Guid Cluster = new("0b0f5a4e-6f0e-4c35-9e53-0a2f3d1c7a11");

    private readonly RootKey rootKey = new(SHA256.HashData("root key of the tests"u8));
    private readonly string root = Directory.CreateTempSubdirectory("fileshare-unit-").FullName;

    public TestVolume(bool isEncrypted = true, long segmentBytesMax = 1 << 30)
    {
        Keys = new DataKeys(isEncrypted ? rootKey : null, []);
        Codec = new RecordCodec(Keys, new RecordCodecOptions());
        Options = OptionsFor("volume") with { SegmentBytesMax = segmentBytesMax };
        WrappedKey = rootKey.Wrap(KeyDomain.Data, 1, DateTimeOffset.UnixEpoch, SHA256.HashData("data key 1"u8));
        IsEncrypted = isEncrypted;
    }

    /// <summary>A further data key, which from now on new records are sealed with.</summary>
    public async Task RotateAsync(BlobStore store, uint id)
    {
        await store.StoreKeysAsync([KeyOf(id)], CancellationToken.None);
        Keys.Use(id);
    }

    public WrappedKey KeyOf(uint id) =>
        rootKey.Wrap(KeyDomain.Data, id, DateTimeOffset.UnixEpoch, SHA256.HashData(BitConverter.GetBytes(id)));

    public bool IsEncrypted { get; }

    public RootKey RootKey => rootKey;

    public DataKeys Keys { get; }

    public WrappedKey WrappedKey { get; }

    public RecordCodec Codec { get; }

    public VolumeOptions Options { get; set; }

    public FaultDisk Disk { get; } = new(new DirectDisk());

    public string Segments => Path.Combine(Options.Path, "segments");

    public string LastSegment => Directory.GetFiles(Segments).Order(StringComparer.Ordinal).Last();

    public VolumeOptions OptionsFor(string name) =>
        new()
        {
            Path = Path.Combine(root, name),
            ClusterId = Cluster,
            NodeName = "node-1",
            FreeBytesMin = 0,
        };

    public async Task<BlobStore> OpenAsync(VolumeOptions? options = null)
    {
        var store = await BlobStore.OpenAsync(
            options ?? Options,
            Keys,
            Disk,
            TimeProvider.System,
            CancellationToken.None
        );
        try
        {
            await store.StoreKeysAsync(IsEncrypted ? [WrappedKey] : [], CancellationToken.None);
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    /// <summary>What a crash at this moment would leave: the files as they are, without the end of the process.</summary>
    public VolumeOptions CopyAsAfterCrash(string name)
    {
        var copy = OptionsFor(name) with { SegmentBytesMax = Options.SegmentBytesMax };
        foreach (var directory in Directory.GetDirectories(Options.Path, "*", SearchOption.AllDirectories))
        {
            Directory.CreateDirectory(directory.Replace(Options.Path, copy.Path, StringComparison.Ordinal));
        }

        var files = Directory.GetFiles(Options.Path, "*", SearchOption.AllDirectories);
        foreach (var file in files.Where(file => Path.GetFileName(file) != "LOCK"))
        {
            File.Copy(file, file.Replace(Options.Path, copy.Path, StringComparison.Ordinal));
        }

        return copy;
    }

    public (ChunkId Id, byte[] Plain, byte[] Record) MakeRecord(int bytes, int seed, bool compressible = false)
    {
        var plain = TestBytes.Make(bytes, seed, compressible);
        var id = ChunkId.OfChunk(plain);
        var record = new byte[RecordCodec.RecordBytesMax(bytes)];
        var length = Codec.Encode(RecordKind.Chunk, id, plain, record);
        return (id, plain, record[..length]);
    }

    public async Task<(ChunkId Id, byte[] Plain)> PutAsync(
        BlobStore store,
        int bytes,
        int seed,
        uint epoch = 1,
        bool owed = false
    )
    {
        var (id, plain, record) = MakeRecord(bytes, seed);
        await store.PutAsync(record, new PutOptions(epoch, owed), CancellationToken.None);
        return (id, plain);
    }

    public static async Task<byte[]?> ReadAsync(BlobStore store, ChunkId id, int offset, int length)
    {
        var buffer = new ArrayBufferWriter<byte>();
        return await store.ReadPlainAsync(id, RecordKind.Chunk, offset, length, buffer, CancellationToken.None)
            ? buffer.WrittenSpan.ToArray()
            : null;
    }

    public ValueTask DisposeAsync()
    {
        Keys.Dispose();
        rootKey.Dispose();
        Directory.Delete(root, recursive: true);
        return ValueTask.CompletedTask;
    }
}

internal static class TestBytes
{
    public static byte[] Make(int bytes, int seed, bool compressible = false)
    {
        var random = new Random(seed);
        var data = new byte[bytes];
        random.NextBytes(data);
        for (var i = 0; compressible && i < bytes; i++)
        {
            data[i] = (byte)('a' + (data[i] & 3));
        }

        return data;
    }
}
