using FileSharing.BlobEngine;
using FileSharing.Chunks;

namespace FileSharing.UnitTests.BlobEngine;

public sealed class CompactionTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly CompactionOptions Everything = new(DeadFractionMin: 0.01);

    private readonly TestVolume volume = new(segmentBytesMax: 64 << 10);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => volume.DisposeAsync();

    private async Task<List<(ChunkId Id, byte[] Plain)>> FillAsync(BlobStore store, int count, int firstSeed = 1)
    {
        var put = new List<(ChunkId, byte[])>();
        for (var i = 0; i < count; i++)
        {
            put.Add(await volume.PutAsync(store, 5_000, firstSeed + i));
        }

        return put;
    }

    private static async Task AssertHoldsAsync(BlobStore store, List<(ChunkId Id, byte[] Plain)> expected)
    {
        foreach (var (id, plain) in expected)
        {
            Assert.Equal(plain, await TestVolume.ReadAsync(store, id, 0, plain.Length));
        }

        Assert.Equal(expected.Count, store.Stats().Records);
    }

    private void LoseIndex() => Directory.Delete(Path.Combine(volume.Options.Path, "index"), recursive: true);

    /// <summary>Of all but the newest, which is preallocated.</summary>
    private long SealedBytes() =>
        Directory.GetFiles(volume.Segments).Order().SkipLast(1).Sum(file => new FileInfo(file).Length);

    [Fact]
    public async Task The_space_of_deleted_records_goes_back_to_the_file_system_and_the_others_stay()
    {
        List<(ChunkId Id, byte[] Plain)> kept;
        await using (var store = await volume.OpenAsync())
        {
            var all = await FillAsync(store, 100);
            kept = [.. all.Where((_, i) => i % 10 == 0)];
            await store.DeleteAsync([.. all.Except(kept).Select(record => record.Id)], None);
            var before = SealedBytes();

            var report = await store.CompactAsync(Everything, None);

            Assert.True(report.SegmentsRemoved > 5, $"{report}");
            Assert.Equal(0, report.SegmentsKept);
            Assert.True(SealedBytes() < before / 3, $"{before} before, {SealedBytes()} after");
            await AssertHoldsAsync(store, kept);
        }

        await using (var reopened = await volume.OpenAsync())
        {
            Assert.True(reopened.Recovery.WasClean);
            await AssertHoldsAsync(reopened, kept);
        }

        LoseIndex();
        await using var rebuilt = await volume.OpenAsync();
        Assert.True(rebuilt.Recovery.IndexRebuilt);
        await AssertHoldsAsync(rebuilt, kept);
    }

    [Fact]
    public async Task A_moved_record_keeps_its_stamp_and_its_owed_mark_also_after_a_rebuild()
    {
        ChunkId owed,
            settled;
        await using (var store = await volume.OpenAsync())
        {
            (owed, _) = await volume.PutAsync(store, 5_000, 1, epoch: 3, owed: true);
            (settled, _) = await volume.PutAsync(store, 5_000, 2, epoch: 3, owed: true);
            var rest = await FillAsync(store, 40, firstSeed: 10);
            await store.SettleAsync([settled], None);
            await store.AdoptAsync([owed, settled], 9, None);
            await store.DeleteAsync([.. rest.Select(record => record.Id)], None);
            await FillAsync(store, 30, firstSeed: 100);
            // Twice: what was carried once has to be carried again.
            await store.CompactAsync(new CompactionOptions(DeadFractionMin: 0), None);
            await FillAsync(store, 30, firstSeed: 200);
            await store.CompactAsync(new CompactionOptions(DeadFractionMin: 0), None);
            AssertMarks(store);
        }

        LoseIndex();
        await using var rebuilt = await volume.OpenAsync();
        AssertMarks(rebuilt);

        void AssertMarks(BlobStore store)
        {
            Assert.Equal((9u, true), (store.Find(owed)!.TouchEpoch, store.Find(owed)!.Owed));
            Assert.Equal((9u, false), (store.Find(settled)!.TouchEpoch, store.Find(settled)!.Owed));
            Assert.Equal([owed], store.ListOwed(null, 10));
        }
    }

    [Fact]
    public async Task A_delete_outlives_its_segment_while_a_dead_copy_lies_in_an_earlier_one()
    {
        ChunkId gone;
        List<(ChunkId Id, byte[] Plain)> stay;
        await using (var store = await volume.OpenAsync())
        {
            // The first segment has one dead record among live ones and is left alone; the delete lies in a later one that goes.
            (gone, _) = await volume.PutAsync(store, 1_000, 1);
            stay = await FillAsync(store, 13, firstSeed: 10);
            var around = await FillAsync(store, 30, firstSeed: 100);
            await store.DeleteAsync([gone], None);
            around.AddRange(await FillAsync(store, 30, firstSeed: 150));
            await store.DeleteAsync([.. around.Select(record => record.Id)], None);
            stay.AddRange(await FillAsync(store, 30, firstSeed: 200));

            var report = await store.CompactAsync(new CompactionOptions(DeadFractionMin: 0.8), None);

            Assert.True(report.SegmentsRemoved > 0, $"{report}");
            Assert.True(File.Exists(Path.Combine(volume.Segments, "0000000001.seg")));
            for (var rounds = 0; rounds < 5; rounds++)
            {
                report = await store.CompactAsync(new CompactionOptions(DeadFractionMin: 0.8), None);
            }

            // Notes that have to stay are not written again for ever.
            Assert.Equal(0, report.SegmentsRemoved);
        }

        LoseIndex();
        await using var rebuilt = await volume.OpenAsync();
        Assert.Null(rebuilt.Find(gone));
        await AssertHoldsAsync(rebuilt, stay);
    }

    [Fact]
    public async Task A_damaged_record_keeps_its_segment_until_it_is_healed()
    {
        await using var store = await volume.OpenAsync();
        var (id, plain, record) = volume.MakeRecord(5_000, 1);
        await store.PutAsync(record, new PutOptions(1, false), None);
        var others = await FillAsync(store, 40, firstSeed: 10);
        await store.DeleteAsync([.. others.Take(20).Select(other => other.Id)], None);
        var first = Path.Combine(volume.Segments, "0000000001.seg");
        await using (var file = File.OpenWrite(first))
        {
            file.Position = 4096 + 64 + 16 + 8 + 200;
            file.Write(new byte[50]);
        }

        Assert.Equal(1, (await store.CompactAsync(Everything, None)).SegmentsKept);
        Assert.True(File.Exists(first));
        Assert.Equal(PutOutcome.Healed, await store.PutAsync(record, new PutOptions(1, false), None));
        Assert.Equal(0, (await store.CompactAsync(Everything, None)).SegmentsKept);

        Assert.False(File.Exists(first));
        await AssertHoldsAsync(store, [(id, plain), .. others.Skip(20)]);
    }

    [Fact]
    public async Task Reads_puts_and_adopts_go_on_while_everything_is_moved()
    {
        await using var store = await volume.OpenAsync();
        var kept = await FillAsync(store, 60);
        using var stop = new CancellationTokenSource();
        var readers = Enumerable
            .Range(0, 4)
            .Select(reader =>
                Task.Run(async () =>
                {
                    var reads = 0;
                    for (var i = reader; !stop.IsCancellationRequested; i++, reads++)
                    {
                        var (id, plain) = kept[i % kept.Count];
                        Assert.Equal(plain, await TestVolume.ReadAsync(store, id, 0, plain.Length));
                        // Not each time: every stamp is a block of its own, and the next round would have the more segments to move, the longer this one takes.
                        if (i % 16 == reader)
                        {
                            Assert.True(await store.AdoptAsync(id, (uint)(1 + (i / 50)), None));
                        }
                    }

                    return reads;
                })
            )
            .ToList();
        var removed = 0;
        for (var round = 0; round < 5; round++)
        {
            await FillAsync(store, 20, firstSeed: 1_000 + (100 * round));
            removed += (await store.CompactAsync(new CompactionOptions(DeadFractionMin: 0), None)).SegmentsRemoved;
        }

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(readers), reads => Assert.True(reads > 0));
        Assert.True(removed > 10, $"{removed} segments were removed");
        Assert.Equal(0, store.Stats().DamagedRecords);
    }

    [Fact]
    public async Task A_copy_of_a_record_that_lies_elsewhere_by_now_is_dropped_by_the_writer()
    {
        using var opened = Volume.Open(volume.Options, volume.Keys, volume.Disk, TimeProvider.System, None);
        using var writer = new SegmentWriter(
            opened.Options,
            opened.Disk,
            TimeProvider.System,
            opened.Buffers,
            opened.Index,
            opened.Log
        );
        var (id, _, record) = volume.MakeRecord(1_000, 1);
        var header = RecordHeader.Read(record);
        await writer.AppendAsync(new AppendRequest(record, header, new PutOptions(1, Owed: false)), None);
        var old = opened.Index.Find(id)!.Value;
        await writer.AppendAsync(new AppendRequest(record, header, new PutOptions(2, Owed: true)), None);
        var newer = opened.Index.Find(id)!.Value;

        await writer.AppendAsync(new AppendRequest(record, header, old), None);
        Assert.Equal(newer, opened.Index.Find(id));
        await writer.AppendAsync(new AppendRequest(new Note(NoteKind.Delete, 0, 0, id)), None);
        await writer.AppendAsync(new AppendRequest(record, header, newer), None);
        Assert.Null(opened.Index.Find(id));
        await writer.StopAsync();
    }

    [Fact]
    public async Task A_full_volume_can_be_compacted_and_takes_records_again()
    {
        await using var store = await volume.OpenAsync(volume.Options with { FreeBytesMin = 1 << 20 });
        var records = await FillAsync(store, 40);
        volume.Disk.ReportedFreeBytes = 1000;
        var refused = await Assert.ThrowsAsync<BlobException>(() => volume.PutAsync(store, 100, 500));
        Assert.Equal(BlobError.VolumeFull, refused.Error);
        await store.DeleteAsync([.. records.Where((_, i) => i % 2 == 0).Select(record => record.Id)], None);

        Assert.True((await store.CompactAsync(Everything, None)).SegmentsRemoved > 0);

        volume.Disk.ReportedFreeBytes = null;
        await volume.PutAsync(store, 100, 500);
    }
}
