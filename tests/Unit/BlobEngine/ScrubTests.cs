using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Native.RocksDb;

namespace FileSharing.UnitTests.BlobEngine;

public sealed class ScrubTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly ScrubOptions Everything = new(TimeSpan.Zero, TimeSpan.Zero);

    private readonly TestVolume volume = new(segmentBytesMax: 256 << 10);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => volume.DisposeAsync();

    private async Task<List<(ChunkId Id, byte[] Plain)>> FillAsync(BlobStore store, int count)
    {
        var put = new List<(ChunkId, byte[])>();
        for (var seed = 0; seed < count; seed++)
        {
            put.Add(await volume.PutAsync(store, 20_000, seed));
        }

        return put;
    }

    /// <summary>Flips bits where this record's bytes lie, past everything that is open.</summary>
    private void Damage(ChunkId id)
    {
        foreach (var path in Directory.GetFiles(volume.Segments))
        {
            var bytes = File.ReadAllBytes(path);
            var header = bytes.AsSpan().IndexOf(IdBytes(id));
            if (header < 0)
            {
                continue;
            }

            using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            file.Position = header + 1000;
            file.WriteByte((byte)(bytes[header + 1000] ^ 0x10));
        }
    }

    private static byte[] IdBytes(ChunkId id)
    {
        var bytes = new byte[ChunkId.Bytes];
        id.CopyTo(bytes);
        return bytes;
    }

    /// <summary>Removes an entry, or gives it another stamp.</summary>
    private void DisturbIndex(ChunkId id, bool isForgotten)
    {
        using var db = RocksDb.Open(Path.Combine(volume.Options.Path, "index"), new RocksDbOptions());
        using var batch = new WriteBatch();
        var key = new byte[IndexKeys.IdKeyBytes];
        IndexKeys.OfId(key, IndexKeys.Entry, id);
        var value = new byte[IndexEntry.Bytes];
        db.Get(key, value);
        (IndexEntry.Read(value) with { TouchEpoch = 99 }).Write(value);
        if (isForgotten)
        {
            batch.Delete(key);
        }
        else
        {
            batch.Put(key, value);
        }

        db.Write(batch);
        db.Flush();
    }

    [Fact]
    public async Task A_sound_volume_is_found_sound_in_open_and_sealed_segments()
    {
        await using var store = await volume.OpenAsync();
        var put = await FillAsync(store, 40);
        await store.DeleteAsync([put[3].Id, put[30].Id], None);

        var report = await store.ScrubAsync(Everything, progress: null, None);

        Assert.Equal(38, report.Records);
        Assert.Equal((0, 0, 0), (report.Damaged, report.IndexMismatches, report.DamagedPlaces));
        Assert.True(report.IsIndexChecked);
        Assert.True(report.Segments > 2, $"{report}");
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(0, false)]
    [InlineData(39, false)]
    public async Task A_flipped_bit_is_found_listed_kept_over_a_restart_and_healed_by_a_put(int which, bool isIndexLost)
    {
        ChunkId bad;
        byte[] plain;
        await using (var store = await volume.OpenAsync())
        {
            (bad, plain) = (await FillAsync(store, 40))[which];
            Damage(bad);

            var report = await store.ScrubAsync(Everything, progress: null, None);

            Assert.Equal((1, 1), (report.Damaged, report.DamagedPlaces));
            Assert.False(store.NeedsReopening);
        }

        if (isIndexLost)
        {
            Directory.Delete(Path.Combine(volume.Options.Path, "index"), recursive: true);
        }

        await using var reopened = await volume.OpenAsync();
        Assert.Equal([bad], reopened.ListDamaged(after: null, max: 10));
        Assert.False(reopened.Has(bad));
        Assert.False(await reopened.AdoptAsync(bad, epoch: 1, None));
        var error = await Assert.ThrowsAsync<BlobException>(() => TestVolume.ReadAsync(reopened, bad, 0, plain.Length));
        Assert.Equal(BlobError.Damaged, error.Error);

        var (_, _, record) = volume.MakeRecord(20_000, which);
        Assert.Equal(PutOutcome.Healed, await reopened.PutAsync(record, new PutOptions(1, Owed: false), None));
        Assert.Empty(reopened.ListDamaged(after: null, max: 10));
        Assert.Equal(0, reopened.Stats().DamagedRecords);
        Assert.Equal(plain, await TestVolume.ReadAsync(reopened, bad, 0, plain.Length));
    }

    [Fact]
    public async Task A_record_with_good_checksums_whose_plaintext_is_not_its_id_s_is_damaged_and_never_served()
    {
        await using var store = await volume.OpenAsync();
        var right = TestBytes.Make(5_000, seed: 1);
        var id = ChunkId.OfChunk(right);
        var record = new byte[RecordCodec.RecordBytesMax(right.Length)];
        record = record[..volume.Codec.Encode(RecordKind.Chunk, id, TestBytes.Make(5_000, seed: 2), record)];
        await store.PutAsync(record, new PutOptions(1, Owed: false), None);

        Assert.Equal(1, (await store.ScrubAsync(Everything, progress: null, None)).Damaged);

        await Assert.ThrowsAsync<BlobException>(() => TestVolume.ReadAsync(store, id, 0, right.Length));
        await Assert.ThrowsAsync<BlobException>(() => store.ReadRecordAsync(id, None).AsTask());
        var (_, _, good) = volume.MakeRecord(5_000, seed: 1);
        Assert.Equal(PutOutcome.Healed, await store.PutAsync(good, new PutOptions(1, Owed: false), None));
        Assert.Equal(right, await TestVolume.ReadAsync(store, id, 0, right.Length));
    }

    [Fact]
    public async Task A_lost_segment_makes_its_records_damaged()
    {
        List<(ChunkId Id, byte[] Plain)> put;
        await using (var store = await volume.OpenAsync())
        {
            put = await FillAsync(store, 40);
        }

        File.Delete(Directory.GetFiles(volume.Segments).Order(StringComparer.Ordinal).First());
        await using var reopened = await volume.OpenAsync();
        var report = await reopened.ScrubAsync(Everything, progress: null, None);

        Assert.True(report.Damaged > 5, $"{report}");
        Assert.False(reopened.NeedsReopening);
        var listed = reopened.ListDamaged(after: null, max: 100);
        Assert.Equal(report.Damaged, listed.Count);
        Assert.All(put, record => Assert.NotEqual(listed.Contains(record.Id), reopened.Has(record.Id)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_index_that_disagrees_with_the_segments_is_built_anew(bool isForgotten)
    {
        List<(ChunkId Id, byte[] Plain)> put;
        await using (var store = await volume.OpenAsync())
        {
            put = await FillAsync(store, 10);
            await store.DeleteAsync([put[0].Id], None);
        }

        DisturbIndex(put[2].Id, isForgotten);
        await using (var disturbed = await volume.OpenAsync())
        {
            var report = await disturbed.ScrubAsync(Everything, progress: null, None);

            Assert.Equal(1, report.IndexMismatches);
            Assert.True(disturbed.NeedsReopening);
        }

        await using var reopened = await volume.OpenAsync();
        Assert.True(reopened.Recovery.IndexRebuilt);
        Assert.Equal(9, reopened.Stats().Records);
        Assert.Equal(1u, reopened.Find(put[2].Id)!.TouchEpoch);
        Assert.Equal(0, (await reopened.ScrubAsync(Everything, progress: null, None)).IndexMismatches);
    }

    [Fact]
    public async Task What_changes_during_the_comparison_is_no_mismatch()
    {
        await using var store = await volume.OpenAsync();
        var put = await FillAsync(store, 20);
        using var stop = new CancellationTokenSource();
        var changes = Task.Run(async () =>
        {
            for (var seed = 100; !stop.IsCancellationRequested; seed++)
            {
                var (id, _) = await volume.PutAsync(store, 3_000, seed, owed: true);
                await store.SettleAsync([id], None);
                await store.AdoptAsync(put[seed % 20].Id, (uint)seed, None);
                if (seed % 2 == 0)
                {
                    await store.DeleteAsync([id], None);
                }
            }
        });

        for (var i = 0; i < 10; i++)
        {
            var report = await store.ScrubAsync(Everything, progress: null, None);
            Assert.Equal((0, 0), (report.Damaged, report.IndexMismatches));
            Assert.True(report.IsIndexChecked);
        }

        await stop.CancelAsync();
        await changes;
    }

    [Fact]
    public void Only_what_is_due_is_looked_at()
    {
        const long day = 86_400;
        var options = new ScrubOptions(TimeSpan.FromDays(1), TimeSpan.FromDays(30));
        var whole = new DueSegment(7, 4096, 10_000);
        DueSegment? Due(ScrubState state, long now) => ScrubPlan.Due(7, state, 10_000, options, now);

        Assert.Equal(whole, Due(default, 100 * day));
        Assert.Null(Due(new ScrubState(10_000, 99 * day, 90 * day, 0), 100 * day));
        Assert.Null(Due(new ScrubState(5_000, (100 * day) - 1000, 90 * day, 0), 100 * day));
        Assert.Equal(whole with { From = 5_000 }, Due(new ScrubState(5_000, 99 * day, 90 * day, 0), 100 * day));
        Assert.Equal(whole, Due(new ScrubState(10_000, 99 * day, 76 * day, 0), 100 * day));
        Assert.Equal(
            new ScrubState(10_000, 100 * day, 90 * day, 3),
            ScrubPlan.After(
                whole with
                {
                    From = 5_000,
                },
                new ScrubState(5_000, 99 * day, 90 * day, 2),
                100 * day,
                damagedPlaces: 1
            )
        );
        Assert.Equal(
            new ScrubState(10_000, 100 * day, 100 * day, 1),
            ScrubPlan.After(whole, new ScrubState(10_000, 99 * day, 90 * day, 2), 100 * day, damagedPlaces: 1)
        );
    }

    [Fact]
    public async Task A_second_scrub_looks_only_at_what_is_new()
    {
        await using var store = await volume.OpenAsync();
        await FillAsync(store, 20);
        var daily = new ScrubOptions(TimeSpan.Zero, TimeSpan.FromDays(30));
        var first = await store.ScrubAsync(daily, progress: null, None);
        await volume.PutAsync(store, 20_000, seed: 999);

        var second = await store.ScrubAsync(daily, progress: null, None);

        Assert.Equal(20, first.Records);
        Assert.Equal((1, 1), (second.Segments, second.Records));
    }
}
