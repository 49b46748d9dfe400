namespace FileSharing.UnitTests.BlobEngine;

/// <summary>Which way a read takes: docs/decisions/0001.</summary>
public sealed class ReadPathTests
{
    private const int LargeBytes = 1 << 20;
    private const int SmallBytes = 4 << 10;

    [Fact]
    public async Task A_large_record_is_read_past_the_page_cache_first_then_through_it_then_from_it()
    {
        await using var volume = new TestVolume();
        await using var store = await volume.OpenAsync();
        var (id, plain) = await volume.PutAsync(store, LargeBytes, seed: 1);

        Assert.Equal((1, 0), await WaysOfReadingAsync());
        Assert.Equal((0, 1), await WaysOfReadingAsync());
        Assert.Equal((0, 0), await WaysOfReadingAsync());

        async Task<(int Past, int Through)> WaysOfReadingAsync()
        {
            var (past, through) = (volume.Disk.ReadsPastCache, volume.Disk.ReadsThroughCache);
            Assert.Equal(plain, await TestVolume.ReadAsync(store, id, 0, LargeBytes));
            return (volume.Disk.ReadsPastCache - past, volume.Disk.ReadsThroughCache - through);
        }
    }

    [Fact]
    public async Task A_small_record_is_in_the_page_cache_after_its_first_read()
    {
        await using var volume = new TestVolume();
        await using var store = await volume.OpenAsync();
        var (id, plain) = await volume.PutAsync(store, SmallBytes, seed: 1);
        Assert.Equal(plain, await TestVolume.ReadAsync(store, id, 0, SmallBytes));
        var waits = volume.Disk.ReadsPastCache + volume.Disk.ReadsThroughCache;

        Assert.Equal(plain, await TestVolume.ReadAsync(store, id, 0, SmallBytes));
        Assert.Equal(waits, volume.Disk.ReadsPastCache + volume.Disk.ReadsThroughCache);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(100_000, 300_000)]
    [InlineData(LargeBytes - 1, 1)]
    [InlineData(500_000, 200_000)]
    public async Task A_range_is_the_same_whichever_way_it_is_read(int offset, int length)
    {
        await using var volume = new TestVolume();
        await using var store = await volume.OpenAsync();
        await volume.PutAsync(store, 12_345, seed: 2);
        var (id, plain) = await volume.PutAsync(store, LargeBytes, seed: 1);
        for (var way = 0; way < 3; way++)
        {
            Assert.Equal(plain[offset..(offset + length)], await TestVolume.ReadAsync(store, id, offset, length));
        }
    }
}
