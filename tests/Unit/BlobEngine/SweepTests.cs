using FileSharing.BlobEngine;
using FileSharing.Chunks;

namespace FileSharing.UnitTests.BlobEngine;

/// <summary>Garbage collection as far as it is a volume's matter.</summary>
public sealed class SweepTests : IAsyncDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly ChunkId LastId = new(Enumerable.Repeat((byte)0xFF, ChunkId.Bytes).ToArray());
    private static readonly Guid Coordinator = new("6d2b4f0e-0f6c-4a53-8a38-0d8f1f3c2b11");

    private readonly TestVolume volume = new(isEncrypted: false, segmentBytesMax: 256 << 10);

    public ValueTask DisposeAsync() => volume.DisposeAsync();

    [Fact]
    public async Task Garbage_is_condemned_by_one_cycle_trashed_by_the_next_and_dropped_by_a_third()
    {
        await using var store = await volume.OpenAsync();
        var (id, plain) = await volume.PutAsync(store, 1000, seed: 1);

        var first = await SweepAsync(store, 2);
        var again = await SweepAsync(store, 2);
        Assert.Equal((1, 0), (first.Condemned.Records, again.Trashed.Records));
        Assert.Equal(GcState.Condemned, store.Find(id)!.State);

        Assert.Equal(1, (await SweepAsync(store, 3)).Trashed.Records);
        Assert.Equal(0, (await DropAsync(store, 3, id)).Dropped.Records);
        Assert.Equal(plain, await TestVolume.ReadAsync(store, id, 0, plain.Length));

        await SweepAsync(store, 4);
        Assert.Equal(1, (await DropAsync(store, 4, id)).Dropped.Records);
        Assert.Null(store.Find(id));
        Assert.Equal(default, store.Stats().Trashed);
    }

    [Fact]
    public async Task What_is_referred_to_is_never_condemned_and_becomes_live_again()
    {
        await using var store = await volume.OpenAsync();
        var (id, _) = await volume.PutAsync(store, 1000, seed: 1);
        Assert.Equal(0, (await SweepAsync(store, 2, id)).Condemned.Records);

        await SweepAsync(store, 3);
        await SweepAsync(store, 4);
        Assert.Equal(1, (await SweepAsync(store, 5, id)).Revived);
        Assert.Equal(GcState.Live, store.Find(id)!.State);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_trashed_record_that_is_adopted_or_put_is_live_and_is_not_dropped(bool isPut)
    {
        await using var store = await volume.OpenAsync();
        var (id, plain, record) = volume.MakeRecord(1000, 1);
        await store.PutAsync(record, new PutOptions(1, false), None);
        await SweepAsync(store, 2);
        await SweepAsync(store, 3);
        await SweepAsync(store, 4);

        if (isPut)
        {
            Assert.Equal(PutOutcome.AlreadyPresent, await store.PutAsync(record, new PutOptions(4, false), None));
        }
        else
        {
            Assert.True(await store.AdoptAsync(id, 4, None));
        }

        Assert.Equal(GcState.Live, store.Find(id)!.State);
        Assert.Equal(0, (await DropAsync(store, 4, id)).Dropped.Records);
        Assert.Equal(0, (await SweepAsync(store, 4)).Condemned.Records);
        Assert.Equal(plain, await TestVolume.ReadAsync(store, id, 0, plain.Length));
    }

    [Fact]
    public async Task What_a_session_that_may_be_open_has_touched_is_left_alone()
    {
        await using var store = await volume.OpenAsync();
        var (old, _) = await volume.PutAsync(store, 1000, seed: 1, epoch: 1);
        var (touched, _) = await volume.PutAsync(store, 1000, seed: 2, epoch: 3);

        for (var epoch = 5u; epoch < 9; epoch++)
        {
            await SweepAsync(store, epoch, horizon: 3);
            await DropAsync(store, epoch, [old, touched], horizon: 3);
        }

        // The older one has been trashed by a cycle that the open session does not know of: it stays until that one has ended.
        Assert.Equal(GcState.Trashed, store.Find(old)!.State);
        Assert.Equal(GcState.Live, store.Find(touched)!.State);
    }

    [Fact]
    public async Task A_record_is_not_dropped_before_its_quarantine_is_over()
    {
        await using var store = await volume.OpenAsync();
        var (id, _) = await volume.PutAsync(store, 1000, seed: 1);
        for (var epoch = 2u; epoch < 6; epoch++)
        {
            await SweepAsync(store, epoch);
        }

        var order = await OrderAsync(store, 6);
        Assert.Empty(store.ListTrashed(null, 10, upTo: 2));
        Assert.Equal(0, (await store.DropAsync(order, [id], upTo: 2, None)).Dropped.Records);
        Assert.Equal([id], store.ListTrashed(null, 10, upTo: 3).Select(record => record.Id));
        Assert.Equal(1, (await store.DropAsync(order, [id], upTo: 3, None)).Dropped.Records);
    }

    [Theory]
    [InlineData(4L, 9u)]
    [InlineData(5L, 8u)]
    public async Task A_coordinator_that_another_has_followed_is_not_obeyed_also_after_a_restart(long token, uint epoch)
    {
        await using (var store = await volume.OpenAsync())
        {
            await store.BeginSweepsAsync(Coordinator, 5, 9, None);
        }

        await using var reopened = await volume.OpenAsync();
        await AssertRefusedAsync(() => reopened.BeginSweepsAsync(Coordinator, token, epoch, None));
        await AssertRefusedAsync(() => reopened.BeginSweepsAsync(Guid.NewGuid(), 5, 9, None));
        await reopened.BeginSweepsAsync(Coordinator, 5, 9, None);
    }

    [Fact]
    public async Task A_sweep_that_was_begun_in_an_earlier_opening_or_before_another_is_not_obeyed()
    {
        SweepOrder early;
        await using (var store = await volume.OpenAsync())
        {
            early = await OrderAsync(store, 2);
        }

        await using var reopened = await volume.OpenAsync();
        await AssertRefusedAsync(() => reopened.SweepAsync(RangeOf(early), None));
        var now = await OrderAsync(reopened, 2);
        await AssertRefusedAsync(() => reopened.SweepAsync(RangeOf(early), None));
        await reopened.SweepAsync(RangeOf(now), None);
        await OrderAsync(reopened, 3);
        await AssertRefusedAsync(() => reopened.SweepAsync(RangeOf(now), None));
        await AssertRefusedAsync(() => reopened.DropAsync(now, [], 2, None));
        await AssertRefusedAsync(() => reopened.ReviveAsync(now, [], None));
    }

    [Fact]
    public async Task A_cycle_trashes_more_than_a_tenth_of_the_volume_only_when_it_is_approved()
    {
        await using var store = await volume.OpenAsync();
        for (var seed = 0; seed < 40; seed++)
        {
            await volume.PutAsync(store, 200, seed);
        }

        await SweepAsync(store, 2);
        var refused = await SweepAsync(store, 3, isApproved: false);
        Assert.Equal((0, 40), (refused.Trashed.Records, refused.Withheld));
        Assert.Equal(40, (await SweepAsync(store, 4, isApproved: true)).Trashed.Records);
    }

    [Fact]
    public async Task A_cycle_trashes_more_than_a_tenth_of_a_partition_only_when_it_is_approved()
    {
        await using var store = await volume.OpenAsync();
        var ids = new List<ChunkId>();
        for (var seed = 0; seed < 1500; seed++)
        {
            ids.Add((await volume.PutAsync(store, 50, seed)).Id);
        }

        // 120 of 200 in one partition: less than a tenth of the volume.
        var small = ids.Take(200).ToHashSet();
        ChunkId[] live = [.. ids.Skip(120).Order()];
        int? GroupOf(ChunkId id) => small.Contains(id) ? 1 : 2;
        await store.SweepAsync(RangeOf(await OrderAsync(store, 2)) with { Live = live, GroupOf = GroupOf }, None);

        var range = RangeOf(await OrderAsync(store, 3)) with { Live = live, GroupOf = GroupOf, IsApproved = false };
        Assert.Equal(120, (await store.SweepAsync(range, None)).Withheld);
        var spread = range with { GroupOf = _ => 1 };
        Assert.Equal(120, (await store.SweepAsync(spread, None)).Trashed.Records);
    }

    [Fact]
    public async Task A_record_outside_the_range_or_of_a_partition_that_is_not_swept_here_is_left_alone()
    {
        await using var store = await volume.OpenAsync();
        ChunkId[] ids =
        [
            .. new[]
            {
                (await volume.PutAsync(store, 100, 1)).Id,
                (await volume.PutAsync(store, 100, 2)).Id,
                (await volume.PutAsync(store, 100, 3)).Id,
            }.Order(),
        ];

        var range = RangeOf(await OrderAsync(store, 2));
        await store.SweepAsync(range with { After = ids[0], Until = ids[1] }, None);
        Assert.Equal([GcState.Live, GcState.Condemned, GcState.Live], ids.Select(id => store.Find(id)!.State));
        await store.SweepAsync(range with { GroupOf = id => id == ids[2] ? null : 0 }, None);
        Assert.Equal([GcState.Condemned, GcState.Condemned, GcState.Live], ids.Select(id => store.Find(id)!.State));
    }

    [Theory]
    [InlineData(IndexRebuild.FromDirectories)]
    [InlineData(IndexRebuild.FromBatches)]
    public async Task States_and_their_epochs_survive_compaction_and_a_rebuild_of_the_index(IndexRebuild rebuild)
    {
        var ids = new List<ChunkId>();
        await using (var store = await volume.OpenAsync())
        {
            for (var seed = 0; seed < 30; seed++)
            {
                ids.Add((await volume.PutAsync(store, 10_000, seed)).Id);
            }

            ChunkId[] live = [.. ids.Where((_, i) => i % 3 == 0).Order()];
            await SweepAsync(store, 2, [.. live]);
            await SweepAsync(store, 4, [.. ids.Where((_, i) => i % 3 != 1).Order()]);
            await store.DeleteAsync([.. ids.Take(9)], None);
            await store.SealAsync(None);
            await store.CompactAsync(new CompactionOptions(DeadFractionMin: 0), None);
            Assert.Equal(7, store.Stats().Trashed.Records);
        }

        await using var rebuilt = await volume.OpenAsync(volume.Options with { Rebuild = rebuild });
        var states = ids.Skip(9).Select(id => (rebuilt.Find(id)!.State, rebuilt.Find(id)!.StateEpoch));
        Assert.Equal(
            Enumerable.Range(9, 21).Select(i => i % 3 == 1 ? (GcState.Trashed, 4u) : (GcState.Live, 0u)),
            states
        );
        Assert.Equal(7, rebuilt.Stats().Trashed.Records);
    }

    [Fact]
    public async Task After_a_rebuild_of_the_index_nothing_is_trashed_or_dropped_before_two_more_cycles()
    {
        ChunkId condemned;
        ChunkId trashed;
        await using (var store = await volume.OpenAsync())
        {
            trashed = (await volume.PutAsync(store, 1000, seed: 1)).Id;
            await SweepAsync(store, 2);
            condemned = (await volume.PutAsync(store, 1000, seed: 2)).Id;
            await SweepAsync(store, 3);
        }

        await using var rebuilt = await volume.OpenAsync(
            volume.Options with
            {
                Rebuild = IndexRebuild.FromDirectories,
            }
        );
        await SweepAsync(rebuilt, 5);
        Assert.Equal(0, (await DropAsync(rebuilt, 5, trashed)).Dropped.Records);
        Assert.Equal(GcState.Condemned, rebuilt.Find(condemned)!.State);

        await SweepAsync(rebuilt, 6);
        Assert.Equal(GcState.Trashed, rebuilt.Find(condemned)!.State);
        Assert.Equal(1, (await DropAsync(rebuilt, 6, trashed)).Dropped.Records);
    }

    [Fact]
    public async Task All_space_comes_back_also_that_of_the_segment_that_was_being_written()
    {
        await using var store = await volume.OpenAsync();
        var ids = new List<ChunkId>();
        for (var seed = 0; seed < 60; seed++)
        {
            ids.Add((await volume.PutAsync(store, 20_000, seed)).Id);
        }

        await store.DeleteAsync(ids, None);
        await store.ReclaimAsync(new CompactionOptions(DeadFractionMin: 0.02), None);
        await store.SealAsync(None);

        var left = Directory.GetFiles(volume.Segments).Sum(file => new FileInfo(file).Length);
        Assert.InRange(left, 0, 64 << 10);
    }

    private static SweepRange RangeOf(SweepOrder order) => new(order, null, LastId, [], _ => 0, IsApproved: true);

    private static async Task<SweepOrder> OrderAsync(BlobStore store, uint epoch, uint? horizon = null)
    {
        var incarnation = await store.BeginSweepsAsync(Coordinator, 1, epoch, None);
        return new SweepOrder(Coordinator, 1, epoch, horizon ?? epoch, incarnation);
    }

    private static async Task<SweepReport> SweepAsync(
        BlobStore store,
        uint epoch,
        ChunkId[] live,
        uint? horizon = null,
        bool isApproved = true
    ) =>
        await store.SweepAsync(
            RangeOf(await OrderAsync(store, epoch, horizon)) with
            {
                Live = live,
                IsApproved = isApproved,
            },
            None
        );

    private static Task<SweepReport> SweepAsync(
        BlobStore store,
        uint epoch,
        ChunkId? live = null,
        uint? horizon = null,
        bool isApproved = true
    ) => SweepAsync(store, epoch, live is { } id ? [id] : [], horizon, isApproved);

    private static Task<DropReport> DropAsync(BlobStore store, uint epoch, ChunkId id) =>
        DropAsync(store, epoch, [id], epoch);

    private static async Task<DropReport> DropAsync(BlobStore store, uint epoch, ChunkId[] ids, uint horizon) =>
        await store.DropAsync(await OrderAsync(store, epoch, horizon), ids, upTo: uint.MaxValue, None);

    private static async Task AssertRefusedAsync(Func<Task> call)
    {
        var refusal = await Assert.ThrowsAsync<BlobException>(call);
        Assert.Equal(BlobError.SweepRefused, refusal.Error);
    }
}
