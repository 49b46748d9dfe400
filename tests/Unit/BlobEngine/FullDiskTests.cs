using System.Collections.Concurrent;
using FileSharing.BlobEngine;
using FileSharing.Chunks;

namespace FileSharing.UnitTests.BlobEngine;

/// <summary>A file system that has no more room, at whatever step: nothing is damaged, what was acknowledged stays, and space that comes back is used.</summary>
public sealed class FullDiskTests : IAsyncLifetime
{
    private const int DiskMebibytes = 192;
    private const long SegmentBytes = 4 << 20;
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly CompactionOptions Everything = new(DeadFractionMin: 0.01);

    private readonly SmallFileSystem disk = SmallFileSystem.Mount(DiskMebibytes);
    private readonly TestVolume volume = new(segmentBytesMax: SegmentBytes);
    private readonly ConcurrentDictionary<ChunkId, (int Number, byte[] Plain)> stored = new();
    private int nextNumber;

    public ValueTask InitializeAsync()
    {
        volume.Options = volume.Options with
        {
            Path = Path.Combine(disk.Root, "volume"),
            FreeBytesMin = 2 * SegmentBytes,
            // Flushed by its own size every few hundred updates, not only when a segment is sealed.
            Index = new() { WriteBufferBytes = 64 << 10 },
        };
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await volume.DisposeAsync();
        disk.Dispose();
    }

    [Fact]
    public async Task Full_by_puts_it_keeps_what_it_acknowledged_and_compaction_gives_the_space_of_deletes_back()
    {
        await using (var store = await volume.OpenAsync())
        {
            await FillAsync(store);
            Assert.Equal(VolumeCondition.Full, store.Condition);
            await AssertHoldsAsync(store);
            var deletedBytes = await DeleteAsync(store, number => number % 5 < 3);
            var before = disk.FreeBytes;

            var report = await store.CompactAsync(Everything, None);

            Assert.Equal(0, report.SegmentsKept);
            Assert.True(disk.FreeBytes - before > deletedBytes / 2, $"{before} free, then {disk.FreeBytes}: {report}");
            await PutSomeAsync(store, 100);
            await AssertHoldsAsync(store);
        }

        await using var again = await volume.OpenAsync();
        Assert.Empty(again.Recovery.Damage);
        await AssertHoldsAsync(again);
    }

    [Fact]
    public async Task Filled_by_others_to_the_last_byte_deletes_and_compaction_still_give_space_back()
    {
        await using (var store = await volume.OpenAsync())
        {
            await PutSomeAsync(store, 2_000);
            disk.FillBut(0);
            var deletedBytes = await DeleteAsync(store, number => number < 1_200);

            var report = await store.CompactAsync(Everything, None);

            Assert.True(disk.FreeBytes > deletedBytes / 2, $"{deletedBytes} deleted, {disk.FreeBytes} free: {report}");
            await UntilWritableAsync(store);
            await PutSomeAsync(store, 100);
            await AssertHoldsAsync(store);
        }

        await using var again = await volume.OpenAsync();
        Assert.Empty(again.Recovery.Damage);
        await AssertHoldsAsync(again);
    }

    [Fact]
    public async Task Without_room_for_the_index_nothing_is_lost_and_it_goes_on_when_there_is_room()
    {
        await using (var store = await volume.OpenAsync())
        {
            await PutSomeAsync(store, 200);
            disk.FillBut(0);

            // Stamps fit into what the segment has reserved; their index entries have to be flushed.
            var ids = stored.Keys.ToList();
            for (var epoch = 2u; epoch < 40; epoch++)
            {
                try
                {
                    await store.AdoptAsync(ids, epoch, None);
                }
                catch (BlobException error) when (error.Error == BlobError.VolumeFull)
                {
                    break;
                }
            }

            await AssertHoldsAsync(store);
            disk.Release();
            await UntilWritableAsync(store);
            await PutSomeAsync(store, 100);
            await AssertHoldsAsync(store);
        }

        await using var again = await volume.OpenAsync();
        Assert.Empty(again.Recovery.Damage);
        await AssertHoldsAsync(again);
    }

    [Fact]
    public async Task A_volume_on_a_full_disk_opens_and_is_read()
    {
        await using (var store = await volume.OpenAsync())
        {
            await PutSomeAsync(store, 500);
        }

        disk.FillBut(0);
        await using var again = await volume.OpenAsync();
        await AssertHoldsAsync(again);
    }

    private async Task FillAsync(BlobStore store)
    {
        const int writers = 8;
        await Task.WhenAll(
            Enumerable
                .Range(0, writers)
                .Select(_ =>
                    Task.Run(async () =>
                    {
                        try
                        {
                            while (true)
                            {
                                await PutAsync(store);
                            }
                        }
                        catch (BlobException error) when (error.Error == BlobError.VolumeFull)
                        {
                            // As it should be.
                        }
                    })
                )
        );
    }

    private async Task PutSomeAsync(BlobStore store, int count) =>
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count),
            new ParallelOptions { MaxDegreeOfParallelism = 8 },
            async (_, _) => await PutAsync(store)
        );

    private async Task PutAsync(BlobStore store)
    {
        var number = Interlocked.Increment(ref nextNumber);
        var (id, plain) = await volume.PutAsync(store, new Random(number).Next(1, 64 << 10), number);
        stored[id] = (number, plain);
    }

    /// <returns>Bytes of plaintext.</returns>
    private async Task<long> DeleteAsync(BlobStore store, Func<int, bool> isDeleted)
    {
        var gone = stored.Where(record => isDeleted(record.Value.Number)).ToList();
        await store.DeleteAsync([.. gone.Select(record => record.Key)], None);
        gone.ForEach(record => stored.TryRemove(record.Key, out _));
        return gone.Sum(record => (long)record.Value.Plain.Length);
    }

    /// <summary>RocksDB looks for room every 5 s.</summary>
    private async Task UntilWritableAsync(BlobStore store)
    {
        for (var i = 0; i < 200; i++)
        {
            try
            {
                await PutAsync(store);
                return;
            }
            catch (BlobException error) when (error.Error == BlobError.VolumeFull)
            {
                await Task.Delay(100);
            }
        }

        Assert.Fail("There is room, and the volume takes no record.");
    }

    private async Task AssertHoldsAsync(BlobStore store)
    {
        foreach (var (id, (_, plain)) in stored)
        {
            Assert.Equal(plain, await TestVolume.ReadAsync(store, id, 0, plain.Length));
        }

        Assert.Equal(stored.Count, store.Stats().Records);
    }
}
