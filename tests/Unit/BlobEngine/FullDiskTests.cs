using FileSharing.BlobEngine;

namespace FileSharing.UnitTests.BlobEngine;

/// <summary>A file system that has no more room, at whatever step: nothing is damaged, what was acknowledged stays, and space that comes back is used.</summary>
public sealed class FullDiskTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly CompactionOptions Everything = new(DeadFractionMin: 0.01);

    private readonly FullDiskVolume volume = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => volume.DisposeAsync();

    [Fact]
    public async Task Full_by_puts_it_keeps_what_it_acknowledged_and_compaction_gives_the_space_of_deletes_back()
    {
        await using (var store = await volume.OpenAsync())
        {
            Assert.False(await volume.PutAsync(store, int.MaxValue));
            Assert.Equal(VolumeCondition.Full, store.Condition);
            await volume.AssertHoldsAsync(store);
            var deletedBytes = await volume.DeleteAsync(store, number => number % 5 < 3);
            var before = volume.Disk.FreeBytes;

            var report = await store.CompactAsync(Everything, None);

            Assert.Equal(0, report.SegmentsKept);
            var given = volume.Disk.FreeBytes - before;
            Assert.True(given > deletedBytes / 2, $"{given} B of {deletedBytes} B came back: {report}");
            Assert.True(await volume.PutAsync(store, 100));
            await AssertHoldsExactlyAsync(store);
        }

        await using var again = await volume.OpenAsync();
        await AssertHoldsExactlyAsync(again);
    }

    [Fact]
    public async Task Filled_by_others_to_the_last_byte_deletes_and_compaction_still_give_space_back()
    {
        await using (var store = await volume.OpenAsync())
        {
            await volume.PutAsync(store, 2_000);
            volume.Disk.FillBut(0);
            var deletedBytes = await volume.DeleteAsync(store, number => number < 1_200);

            var report = await store.CompactAsync(Everything, None);

            var free = volume.Disk.FreeBytes;
            Assert.True(free > deletedBytes / 2, $"{deletedBytes} B deleted, {free} B free: {report}");
            await volume.PutWhenThereIsRoomAsync(store);
            await AssertHoldsExactlyAsync(store);
        }

        await using var again = await volume.OpenAsync();
        await AssertHoldsExactlyAsync(again);
    }

    [Fact]
    public async Task Without_room_for_the_index_nothing_is_lost_and_it_goes_on_when_there_is_room()
    {
        await using (var store = await volume.OpenAsync())
        {
            await volume.PutAsync(store, 200);
            volume.Disk.FillBut(0);

            // Stamps fit into what the segment has reserved; it is their index entries that have to be flushed.
            await StampUntilFullAsync(store);

            await volume.AssertHoldsAsync(store);
            volume.Disk.Release();
            await volume.PutWhenThereIsRoomAsync(store);
            await AssertHoldsExactlyAsync(store);
        }

        await using var again = await volume.OpenAsync();
        await AssertHoldsExactlyAsync(again);
    }

    [Fact]
    public async Task A_volume_on_a_full_disk_opens_and_is_read()
    {
        await using (var store = await volume.OpenAsync())
        {
            await volume.PutAsync(store, 500);
        }

        volume.Disk.FillBut(0);
        await using var again = await volume.OpenAsync();
        await AssertHoldsExactlyAsync(again);
    }

    [Fact]
    [Trait(Soak.Trait, Soak.Engine)]
    public async Task Filled_by_others_at_any_moment_it_loses_nothing_and_goes_on_when_there_is_room()
    {
        var seed = Soak.Seed();
        var rounds = Soak.Count(slice: 8, full: 150);
        var random = new Random(seed);
        var store = await volume.OpenAsync();
        try
        {
            for (var round = 0; round < rounds; round++)
            {
                await RunWhileItFillsAsync(store, random);
                await volume.AssertHoldsAsync(store);
                if (random.Next(2) == 0)
                {
                    await store.DisposeAsync();
                    store = await OpenOnFullDiskAsync();
                    await volume.AssertHoldsAsync(store);
                }

                volume.Disk.Release();
                await volume.PutWhenThereIsRoomAsync(store);
                // A put of later rounds needs the room of the earlier ones.
                await volume.DeleteAsync(store, _ => random.Next(3) == 0);
                await store.CompactAsync(Everything, None);
                await volume.AssertHoldsAsync(store);
            }
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"FILESHARE_SEED={seed}: {error.Message}", error);
        }
        finally
        {
            await store.DisposeAsync();
        }

        Soak.Report(
            $"ENOSPC on an ext4 of 192 MiB at random moments of puts, deletes and compaction: {rounds} rounds, 0 lost, 0 wrong, seed {seed}."
        );
    }

    private async Task RunWhileItFillsAsync(BlobStore store, Random random)
    {
        var deleted = random.Next(7);
        var (wait, left) = (random.Next(60), random.Next(8) << 18);
        await Task.WhenAll(
            volume.PutAsync(store, 400),
            UnlessFullAsync(() => volume.DeleteAsync(store, number => number % 7 == deleted)),
            UnlessFullAsync(() => store.CompactAsync(Everything, None)),
            Task.Run(async () =>
            {
                await Task.Delay(wait);
                volume.Disk.FillBut(left);
            })
        );
        await UnlessFullAsync(() => store.CompactAsync(Everything, None));
    }

    /// <summary>The spare room may have been given up and taken by others before; then it says so, and opens when there is room.</summary>
    private async Task<BlobStore> OpenOnFullDiskAsync()
    {
        try
        {
            return await volume.OpenAsync();
        }
        catch (IOException error) when (DiskErrors.IsNoSpace(error))
        {
            volume.Disk.Release();
            return await volume.OpenAsync();
        }
    }

    private async Task StampUntilFullAsync(BlobStore store)
    {
        const uint epochs = 40;
        for (var epoch = 2u; epoch < epochs; epoch++)
        {
            await UnlessFullAsync(() => store.AdoptAsync(volume.Ids, epoch, None).AsTask());
        }
    }

    private static async Task UnlessFullAsync(Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (BlobException error) when (error.Error == BlobError.VolumeFull)
        {
            // As it should say.
        }
    }

    private async Task AssertHoldsExactlyAsync(BlobStore store)
    {
        await volume.AssertHoldsAsync(store);
        Assert.Equal(volume.Ids.Count, store.Stats().Records);
    }
}
