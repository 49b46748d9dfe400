using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.StorageNode.Reclaim;
using FileSharing.StorageNode.Volumes;
using FileSharing.UnitTests.BlobEngine;
using Microsoft.Extensions.Logging.Abstractions;

namespace FileSharing.UnitTests.StorageNode;

/// <summary>Real segment files in a directory, of which four in five records have been deleted.</summary>
public sealed class CompactionDaemonTests : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Never = TimeSpan.FromDays(1);

    private readonly TestVolume directory = new(segmentBytesMax: 64 << 10);
    private List<(ChunkId Id, byte[] Plain)> kept = [];
    private long bytesBefore;

    public async ValueTask InitializeAsync()
    {
        await using var store = await directory.OpenAsync();
        var all = new List<(ChunkId Id, byte[] Plain)>();
        for (var seed = 1; seed <= 100; seed++)
        {
            all.Add(await directory.PutAsync(store, 5_000, seed));
        }

        kept = [.. all.Where((_, i) => i % 5 == 0)];
        await store.DeleteAsync([.. all.Except(kept).Select(record => record.Id)], CancellationToken.None);
        bytesBefore = SealedBytes();
    }

    public ValueTask DisposeAsync() => directory.DisposeAsync();

    [Fact]
    public async Task The_space_of_deleted_records_comes_back_and_is_counted()
    {
        await using var volume = new OpenVolume(await directory.OpenAsync(), 1, capacityBytes: 1);

        await RunUntilAsync(volume, new CompactionSettings(Soon, 0.3, RestFactor: 3), () => IsReclaimed(volume));

        Assert.True(SealedBytes() < bytesBefore / 3, $"{bytesBefore} B before, {SealedBytes()} B after");
        Assert.True(volume.Activity.SegmentsRemoved > 5, $"{volume.Activity.SegmentsRemoved}");
        await AssertKeptAsync(volume.Store);
    }

    [Fact]
    public async Task A_full_volume_is_compacted_at_once_whatever_the_interval()
    {
        directory.Options = directory.Options with { FreeBytesMin = 1L << 60 };
        await using var volume = new OpenVolume(await directory.OpenAsync(), 1, capacityBytes: 1);
        Assert.Equal(VolumeCondition.Full, volume.Store.Condition);

        await RunUntilAsync(volume, new CompactionSettings(Never, 0.95, RestFactor: 0), () => IsReclaimed(volume));

        Assert.True(SealedBytes() < bytesBefore / 3, $"{bytesBefore} B before, {SealedBytes()} B after");
        await AssertKeptAsync(volume.Store);
    }

    [Fact]
    public async Task A_segment_of_which_too_little_is_dead_stays()
    {
        await using var volume = new OpenVolume(await directory.OpenAsync(), 1, capacityBytes: 1);
        var began = DateTime.UtcNow;

        await RunUntilAsync(
            volume,
            new CompactionSettings(Soon, DeadFractionMin: 0.95, RestFactor: 0),
            () => DateTime.UtcNow - began > 10 * Soon
        );

        Assert.Equal(0, volume.Activity.SegmentsRemoved);
        Assert.Equal(bytesBefore, SealedBytes());
    }

    private static bool IsReclaimed(OpenVolume volume) => volume.Activity.BytesReclaimed > 0;

    private static async Task RunUntilAsync(OpenVolume volume, CompactionSettings settings, Func<bool> isDone)
    {
        using var ending = new CancellationTokenSource();
        var daemon = new CompactionDaemon(settings, TimeProvider.System, NullLogger<CompactionDaemon>.Instance);
        var running = daemon.RunAsync(volume, ending.Token);
        await NodeCluster.EventuallyAsync(isDone, "the daemon has done its work");
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private async Task AssertKeptAsync(BlobStore store)
    {
        foreach (var (id, plain) in kept)
        {
            Assert.Equal(plain, await TestVolume.ReadAsync(store, id, 0, plain.Length));
        }
    }

    /// <summary>Of all but the newest, which is preallocated.</summary>
    private long SealedBytes() =>
        Directory.GetFiles(directory.Segments).Order().SkipLast(1).Sum(file => new FileInfo(file).Length);
}
