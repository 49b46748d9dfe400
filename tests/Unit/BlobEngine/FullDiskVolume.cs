using System.Collections.Concurrent;
using FileSharing.BlobEngine;
using FileSharing.Chunks;

namespace FileSharing.UnitTests.BlobEngine;

/// <summary>A volume on a small file system, and what it has acknowledged.</summary>
internal sealed class FullDiskVolume : IAsyncDisposable
{
    private const int DiskMebibytes = 192;
    private const int RecordBytesMax = 64 << 10;
    private const int WritersAtOnce = 8;
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TestVolume volume = new(segmentBytesMax: 4 << 20);
    private readonly ConcurrentDictionary<ChunkId, (int Number, byte[] Plain)> stored = new();
    private int nextNumber;

    public FullDiskVolume() =>
        volume.Options = volume.Options with
        {
            Path = Path.Combine(Disk.Root, "volume"),
            FreeBytesMin = 2 * volume.Options.SegmentBytesMax,
            // Flushed by its own size every few hundred updates, not only when a segment is sealed.
            Index = new() { WriteBufferBytes = 64 << 10 },
        };

    public SmallFileSystem Disk { get; } = SmallFileSystem.Mount(DiskMebibytes);

    /// <summary>What is stored for certain.</summary>
    public IReadOnlyList<ChunkId> Ids => [.. stored.Keys];

    /// <summary>Opens it as it is; recovery must find nothing damaged.</summary>
    public async Task<BlobStore> OpenAsync()
    {
        var store = await volume.OpenAsync();
        Assert.Empty(store.Recovery.Damage);
        return store;
    }

    /// <summary>Puts one record of random size.</summary>
    public async Task PutAsync(BlobStore store)
    {
        var number = Interlocked.Increment(ref nextNumber);
        var (id, plain) = await volume.PutAsync(store, new Random(number).Next(1, RecordBytesMax), number);
        stored[id] = (number, plain);
    }

    /// <summary>Puts so many, or as many as there is room for.</summary>
    /// <returns>Whether there was room for all.</returns>
    public async Task<bool> PutAsync(BlobStore store, int count)
    {
        var left = count;
        var hasRoom = true;
        await Task.WhenAll(
            Enumerable
                .Range(0, WritersAtOnce)
                .Select(_ =>
                    Task.Run(async () =>
                    {
                        try
                        {
                            while (Interlocked.Decrement(ref left) >= 0)
                            {
                                await PutAsync(store);
                            }
                        }
                        catch (BlobException error) when (error.Error == BlobError.VolumeFull)
                        {
                            hasRoom = false;
                        }
                    })
                )
        );
        return hasRoom;
    }

    /// <summary>Puts one, as soon as there is room: RocksDB looks for it every 5 s.</summary>
    public async Task PutWhenThereIsRoomAsync(BlobStore store)
    {
        for (var i = 0; i < 200; i++)
        {
            if (await PutAsync(store, 1))
            {
                return;
            }

            await Task.Delay(100);
        }

        Assert.Fail("There is room, and the volume takes no record.");
    }

    /// <summary>Deletes these numbers; 1 is the first put.</summary>
    /// <returns>Bytes of plaintext deleted, all together.</returns>
    public async Task<long> DeleteAsync(BlobStore store, Func<int, bool> isDeleted)
    {
        var gone = stored.Where(record => isDeleted(record.Value.Number)).ToList();
        // Before it begins: when it fails, some of them are there still and some are not.
        gone.ForEach(record => stored.TryRemove(record.Key, out _));
        await store.DeleteAsync([.. gone.Select(record => record.Key)], None);
        return gone.Sum(record => (long)record.Value.Plain.Length);
    }

    /// <summary>Everything that is stored comes back as it was.</summary>
    public async Task AssertHoldsAsync(BlobStore store)
    {
        foreach (var (id, (number, plain)) in stored)
        {
            var read = await TestVolume.ReadAsync(store, id, 0, plain.Length);
            Assert.True(read is not null, $"{number} is lost");
            Assert.True(plain.AsSpan().SequenceEqual(read), $"{number} came back wrong");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await volume.DisposeAsync();
        Disk.Dispose();
    }
}
