using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Native.RocksDb;
using Xunit;

namespace FileSharing.UnitTests.BlobEngine;

public sealed class RecoveryTests : IAsyncDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TestVolume volume = new();

    public ValueTask DisposeAsync() => volume.DisposeAsync();

    [Fact]
    public async Task A_closed_volume_opens_clean_and_goes_on_in_the_same_segment()
    {
        var ids = await FillAsync(volume.Options, 20, close: true);
        await using var store = await volume.OpenAsync();
        Assert.Equal(new RecoveryReport(true, false, 0, 0, 0, []), store.Recovery with { Damage = [] });
        Assert.Equal(2u, store.Incarnation);
        await volume.PutAsync(store, 100, 1000);
        Assert.Equal(1, store.Stats().Segments);
        await AssertAllReadableAsync(store, ids);
    }

    [Fact]
    public async Task A_crash_loses_nothing_that_was_acknowledged()
    {
        await using var store = await volume.OpenAsync();
        var ids = await FillAsync(store, 30);
        await store.DeleteAsync(ids[..3], None);
        await store.SettleAsync(ids[5..7], None);
        Assert.True(await store.AdoptAsync(ids[9], 8, None));
        var expected = store.List(null, 1000);
        var owed = store.ListOwed(null, 1000);

        await using var recovered = await volume.OpenAsync(volume.CopyAsAfterCrash("crashed"));
        Assert.False(recovered.Recovery.WasClean);
        Assert.Equal(0, recovered.Recovery.TornTailBytes);
        Assert.Empty(recovered.Recovery.Damage);
        Assert.Equal(expected, recovered.List(null, 1000));
        Assert.Equal(owed, recovered.ListOwed(null, 1000));
        Assert.Equal(store.Stats().LiveRecordBytes, recovered.Stats().LiveRecordBytes);
        Assert.Equal(store.Stats().Owed, recovered.Stats().Owed);
        await AssertAllReadableAsync(recovered, ids[3..]);
    }

    [Fact]
    public async Task After_a_crash_the_open_segment_is_sealed_and_never_appended_to()
    {
        await using var store = await volume.OpenAsync();
        await FillAsync(store, 3);
        var crashed = volume.CopyAsAfterCrash("crashed");
        await using var recovered = await volume.OpenAsync(crashed);
        var segments = Path.Combine(crashed.Path, "segments");
        var sealedBytes = await File.ReadAllBytesAsync(Path.Combine(segments, "0000000001.seg"), None);
        Assert.True(FooterBlock.TryRead(sealedBytes.AsSpan(sealedBytes.Length - 4096), 1, out var footer));
        Assert.Equal(3ul, footer.Records);
        await volume.PutAsync(recovered, 100, 1000);
        Assert.Equal(sealedBytes.Length, new FileInfo(Path.Combine(segments, "0000000001.seg")).Length);
        Assert.True(File.Exists(Path.Combine(segments, "0000000002.seg")));
    }

    [Fact]
    public async Task Torn_tail_beyond_the_synced_position_is_cut()
    {
        await using var store = await volume.OpenAsync();
        var ids = await FillAsync(store, 5);
        var crashed = volume.CopyAsAfterCrash("crashed");
        var batches = BatchesOf(FirstSegment(crashed));
        Overwrite(FirstSegment(crashed), batches[^1].Offset + 64 + 50);

        await using var recovered = await volume.OpenAsync(crashed);
        Assert.Equal(batches[^1].Bytes, recovered.Recovery.TornTailBytes);
        Assert.Empty(recovered.Recovery.Damage);
        Assert.Null(recovered.Find(ids[^1]));
        await AssertAllReadableAsync(recovered, ids[..^1]);
    }

    [Fact]
    public async Task Damage_below_the_synced_position_is_reported_and_not_cut()
    {
        await using var store = await volume.OpenAsync();
        var ids = await FillAsync(store, 5);
        var crashed = volume.CopyAsAfterCrash("crashed");
        var batches = BatchesOf(FirstSegment(crashed));
        Overwrite(FirstSegment(crashed), batches[1].Offset + 20);
        Overwrite(FirstSegment(crashed), batches[2].Offset + 64 + 50);

        await using var recovered = await volume.OpenAsync(crashed);
        Assert.Equal(0, recovered.Recovery.TornTailBytes);
        var place = Assert.Single(recovered.Recovery.Damage);
        Assert.Equal(new DamagedPlace(1, batches[1].Offset, batches[1].Bytes + batches[2].Bytes), place);
        await AssertAllReadableAsync(recovered, [ids[0], .. ids[3..]]);
    }

    [Fact]
    public async Task Damage_of_the_last_batch_that_the_index_knows_is_reported_and_nothing_of_it_is_cut()
    {
        var ids = await FillAsync(volume.Options, 3, close: true);
        var last = BatchesOf(FirstSegment(volume.Options))[^1];
        var whole = await File.ReadAllBytesAsync(FirstSegment(volume.Options));
        Overwrite(FirstSegment(volume.Options), last.Offset + 64 + 200);

        await using (var store = await volume.OpenAsync())
        {
            Assert.Equal(new DamagedPlace(1, last.Offset, last.Bytes), Assert.Single(store.Recovery.Damage));
            Assert.Equal(0, store.Recovery.TornTailBytes);
            await AssertAllReadableAsync(store, ids[..^1]);
        }

        // As it was before, byte for byte: nothing else has been written there.
        using (var file = File.OpenHandle(FirstSegment(volume.Options), access: FileAccess.Write))
        {
            RandomAccess.Write(file, whole.AsSpan((int)last.Offset + 64 + 200, 6), last.Offset + 64 + 200);
        }

        await using var repaired = await volume.OpenAsync();
        await AssertAllReadableAsync(repaired, ids);
    }

    [Fact]
    public async Task Damage_at_the_end_of_a_segment_that_has_a_successor_is_not_taken_for_a_torn_tail()
    {
        volume.Options = volume.Options with { SegmentBytesMax = 64 << 10 };
        await FillAsync(volume.Options, 60, close: true);
        var first = FirstSegment(volume.Options);
        var last = BatchesOf(first)[^1];
        Overwrite(first, new FileInfo(first).Length - 4096);
        Overwrite(first, last.Offset + 64 + 50);
        Directory.Delete(Path.Combine(volume.Options.Path, "index"), recursive: true);

        var before = new FileInfo(first).Length;
        await using var store = await volume.OpenAsync();
        Assert.NotEmpty(store.Recovery.Damage);
        Assert.Equal(0, store.Recovery.TornTailBytes);
        Assert.Equal(before, new FileInfo(first).Length);
    }

    [Fact]
    public async Task A_footer_of_several_batches_that_was_cut_short_is_not_taken_for_damage()
    {
        const int notesOfTwoFooterBatches = (SegmentFormat.FooterBatchBytesMax / SegmentFormat.NoteFrameBytes) + 1;
        await using (var store = await volume.OpenAsync())
        {
            using var crafted = new CraftedSegment(volume, store.VolumeId, 1, number: 1, sequence: 1);
            for (var i = 0; i < notesOfTwoFooterBatches; i++)
            {
                crafted.AddNote(new Note(NoteKind.Touch, 0, 1, default), origin: 1);
            }

            crafted.WriteBatch();
            crafted.Seal();
        }

        var path = FirstSegment(volume.Options);
        var whole = await File.ReadAllBytesAsync(path, None);
        Assert.True(FooterBlock.TryRead(whole.AsSpan(whole.Length - 4096), 1, out var footer));
        Assert.Equal(2u, footer.FooterBatches);
        Overwrite(path, whole.Length - 4096);
        Overwrite(path, footer.FirstOffset + 64 + 50);

        await using var reopened = await volume.OpenAsync();
        Assert.Empty(reopened.Recovery.Damage);
        Assert.Equal(0, reopened.Recovery.TornTailBytes);
        var rewritten = await File.ReadAllBytesAsync(path, None);
        Assert.True(FooterBlock.TryRead(rewritten.AsSpan(rewritten.Length - 4096), 1, out var anew));
        Assert.Equal((footer.FirstOffset, footer.FooterBatches), (anew.FirstOffset, anew.FooterBatches));
    }

    [Theory]
    [InlineData(1L << 30)]
    [InlineData(64L << 10)]
    public async Task A_lost_index_is_rebuilt_the_same(long segmentBytesMax)
    {
        volume.Options = volume.Options with { SegmentBytesMax = segmentBytesMax };
        List<ChunkId> ids;
        IReadOnlyList<RecordInfo> expected;
        IReadOnlyList<ChunkId> owed;
        await using (var store = await volume.OpenAsync())
        {
            ids = await FillAsync(store, 60);
            await store.DeleteAsync(ids[..10], None);
            await store.SettleAsync(ids[12..16], None);
            await store.AdoptAsync(ids[20..25], 6, None);
            var (_, _, again) = volume.MakeRecord(1500, 3);
            await store.PutAsync(again, new PutOptions(2, Owed: true), None);
            expected = store.List(null, 1000);
            owed = store.ListOwed(null, 1000);
        }

        Directory.Delete(Path.Combine(volume.Options.Path, "index"), recursive: true);
        await using var rebuilt = await volume.OpenAsync();
        Assert.True(rebuilt.Recovery.IndexRebuilt);
        Assert.Equal(expected, rebuilt.List(null, 1000));
        Assert.Equal(owed, rebuilt.ListOwed(null, 1000));
        Assert.Equal(expected.Count, rebuilt.Stats().Records);
        Assert.Equal(expected.Sum(info => (long)info.RecordBytes), rebuilt.Stats().LiveRecordBytes);
        await AssertAllReadableAsync(rebuilt, expected.Select(info => info.Id));
        Assert.DoesNotContain(rebuilt.List(null, 1000), info => info.Id == ids[5]);
    }

    [Fact]
    public async Task An_index_that_the_system_refuses_is_left_as_it_is()
    {
        var ids = await FillAsync(volume.Options, 20, close: true);
        var index = Path.Combine(volume.Options.Path, "index");
        using (RocksDb.Open(index, new RocksDbOptions()))
        {
            // The lock of the database is taken.
            await Assert.ThrowsAsync<IndexException>(() => volume.OpenAsync());
        }

        await using var store = await volume.OpenAsync();
        Assert.False(store.Recovery.IndexRebuilt);
        await AssertAllReadableAsync(store, ids);
    }

    [Fact]
    public async Task A_damaged_index_is_rebuilt()
    {
        var ids = await FillAsync(volume.Options, 20, close: true);
        var manifest = Directory.GetFiles(Path.Combine(volume.Options.Path, "index"), "MANIFEST-*").Single();
        await File.WriteAllBytesAsync(manifest, new byte[100], None);

        await using var store = await volume.OpenAsync();
        Assert.True(store.Recovery.IndexRebuilt);
        await AssertAllReadableAsync(store, ids);
    }

    [Fact]
    public async Task Full_segments_are_sealed_and_read_back_from_their_footers()
    {
        volume.Options = volume.Options with { SegmentBytesMax = 64 << 10 };
        var ids = await FillAsync(volume.Options, 100, close: true);
        await using var store = await volume.OpenAsync();
        Assert.True(store.Stats().Segments > 2);
        Assert.True(store.Recovery.WasClean);
        await AssertAllReadableAsync(store, ids);
    }

    [Fact]
    public async Task A_failed_sync_poisons_the_writer_and_reads_go_on()
    {
        await using var store = await volume.OpenAsync();
        var ids = await FillAsync(store, 3);
        volume.Disk.FailSync = volume.Disk.Syncs + 1;
        var first = await Assert.ThrowsAsync<BlobException>(() => volume.PutAsync(store, 100, 500));
        Assert.Equal(BlobError.WriterPoisoned, first.Error);
        Assert.Equal(VolumeCondition.Poisoned, store.Condition);
        var syncs = volume.Disk.Syncs;
        var second = await Assert.ThrowsAsync<BlobException>(() => volume.PutAsync(store, 100, 501));
        Assert.Equal(BlobError.WriterPoisoned, second.Error);
        Assert.Equal(syncs, volume.Disk.Syncs);
        await AssertAllReadableAsync(store, ids);
        await store.DisposeAsync();

        await using var reopened = await volume.OpenAsync();
        Assert.Equal(VolumeCondition.Writable, reopened.Condition);
        Assert.False(reopened.Recovery.WasClean);
        await AssertAllReadableAsync(reopened, ids);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Failing_any_one_write_or_sync_loses_nothing_acknowledged(bool isSync)
    {
        for (var nth = 1; ; nth++)
        {
            var options = volume.OptionsFor($"failed-{nth}") with { SegmentBytesMax = 16 << 10 };
            var acknowledged = new List<ChunkId>();
            volume.Disk.FailWrite = isSync ? 0 : volume.Disk.Writes + nth;
            volume.Disk.FailSync = isSync ? volume.Disk.Syncs + nth : 0;
            var hasFailed = false;
            try
            {
                await using var store = await volume.OpenAsync(options);
                for (var seed = 0; seed < 12; seed++)
                {
                    acknowledged.Add((await volume.PutAsync(store, 1500, seed)).Id);
                }
            }
            catch (IOException)
            {
                hasFailed = true;
            }

            (volume.Disk.FailWrite, volume.Disk.FailSync) = (0, 0);
            await using var reopened = await volume.OpenAsync(options);
            await AssertAllReadableAsync(reopened, acknowledged);
            Assert.Empty(reopened.Recovery.Damage);
            if (!hasFailed)
            {
                Assert.True(nth > 12);
                return;
            }
        }
    }

    [Fact]
    public async Task A_full_disk_refuses_records_takes_notes_and_reads_and_refuses_stamps_before_the_rest()
    {
        await using var store = await volume.OpenAsync(volume.Options with { FreeBytesMin = 1 << 20 });
        var ids = await FillAsync(store, 3);
        volume.Disk.ReportedFreeBytes = 600 << 10;
        var error = await Assert.ThrowsAsync<BlobException>(() => volume.PutAsync(store, 100, 500));
        Assert.Equal(BlobError.VolumeFull, error.Error);
        Assert.Equal(VolumeCondition.Full, store.Condition);
        Assert.True(await store.AdoptAsync(ids[0], 9, None));

        // Below half of what is kept free, what makes room is taken, and stamps are not.
        volume.Disk.ReportedFreeBytes = 400 << 10;
        var refused = await Assert.ThrowsAsync<BlobException>(async () => await store.AdoptAsync(ids[0], 10, None));
        Assert.Equal(BlobError.VolumeFull, refused.Error);
        await store.DeleteAsync([ids[1]], None);
        await AssertAllReadableAsync(store, [ids[0], ids[2]]);

        volume.Disk.ReportedFreeBytes = null;
        await volume.PutAsync(store, 100, 500);
        Assert.Equal(VolumeCondition.Writable, store.Condition);
    }

    [Fact]
    public async Task No_space_for_growing_is_a_full_volume_and_not_a_broken_one()
    {
        await using var store = await volume.OpenAsync();
        volume.Disk.IsFull = true;
        var error = await Assert.ThrowsAsync<BlobException>(() => volume.PutAsync(store, 100, 1));
        Assert.Equal(BlobError.VolumeFull, error.Error);
        volume.Disk.IsFull = false;
        await volume.PutAsync(store, 100, 1);
    }

    [Fact]
    public async Task Stored_keys_survive_and_are_added_to_the_keys_of_the_process()
    {
        var ids = await FillAsync(volume.Options, 2, close: true);
        using var keys = new DataKeys(null, []);
        await using var store = await BlobStore.OpenAsync(volume.Options, keys, volume.Disk, TimeProvider.System, None);
        Assert.Equal(1u, Assert.Single(store.StoredKeys).Id);
        Assert.Equal(1u, Assert.Single(keys.Wrapped).Id);
        using var record = await store.ReadRecordAsync(ids[0], None);
        Assert.Equal(1u, record!.Header.KeyId);
    }

    [Fact]
    public async Task New_names_are_followed_by_a_directory_sync()
    {
        await FillAsync(volume.Options, 1, close: true);
        Assert.Contains(volume.Options.Path, volume.Disk.SyncedDirectories);
        Assert.Contains(volume.Segments, volume.Disk.SyncedDirectories);
    }

    [Fact]
    public async Task What_a_crash_left_under_a_temporary_name_is_gone_for_good_before_a_segment_takes_that_name()
    {
        await FillAsync(volume.Options, 1, close: true);
        var left = volume.LastSegment.Replace("1.seg", "2.seg.tmp", StringComparison.Ordinal);
        await File.WriteAllBytesAsync(left, new byte[100]);
        volume.Disk.SyncedDirectories.Clear();

        await using var store = await volume.OpenAsync();

        Assert.False(File.Exists(left));
        Assert.Contains(volume.Segments, volume.Disk.SyncedDirectories);
    }

    private async Task<List<ChunkId>> FillAsync(VolumeOptions options, int count, bool close)
    {
        var store = await volume.OpenAsync(options);
        var ids = await FillAsync(store, count);
        if (close)
        {
            await store.DisposeAsync();
        }

        return ids;
    }

    private async Task<List<ChunkId>> FillAsync(BlobStore store, int count)
    {
        var ids = new List<ChunkId>();
        for (var seed = 0; seed < count; seed++)
        {
            ids.Add((await volume.PutAsync(store, 1500, seed, owed: seed % 3 == 0)).Id);
        }

        return ids;
    }

    private static async Task AssertAllReadableAsync(BlobStore store, IEnumerable<ChunkId> ids)
    {
        foreach (var id in ids)
        {
            var plain = await TestVolume.ReadAsync(store, id, 0, 1500);
            Assert.Equal(id, ChunkId.OfChunk(plain));
        }
    }

    private static string FirstSegment(VolumeOptions options) =>
        Path.Combine(options.Path, "segments", "0000000001.seg");

    private static List<BatchHeader> BatchesOf(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var batches = new List<BatchHeader>();
        for (
            long at = 4096;
            at < bytes.Length && BatchHeader.TryRead(bytes.AsSpan((int)at), 1, at, out var batch);
            at += batch.Bytes
        )
        {
            if (!batch.Flags.HasFlag(BatchFlags.Footer))
            {
                batches.Add(batch);
            }
        }

        return batches;
    }

    private static void Overwrite(string path, long at)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.Write(file, "damage"u8, at);
    }
}
