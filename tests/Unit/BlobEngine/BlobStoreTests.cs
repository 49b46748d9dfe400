using FileSharing.BlobEngine;
using FileSharing.Chunks;
using Xunit;

namespace FileSharing.UnitTests.BlobEngine;

public sealed class BlobStoreTests : IAsyncDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TestVolume volume = new();

    public ValueTask DisposeAsync() => volume.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(1_000_000)]
    [InlineData(10 << 20)]
    public async Task A_stored_record_is_found_and_read_in_any_range(int bytes)
    {
        await using var store = await volume.OpenAsync();
        var (id, plain, record) = volume.MakeRecord(bytes, 1);
        Assert.Null(store.Find(id));
        Assert.Equal(PutOutcome.Stored, await store.PutAsync(record, new PutOptions(3, Owed: true), None));

        Assert.Equal(
            new RecordInfo(id, RecordKind.Chunk, record.Length, 3, Owed: true, IsDamaged: false),
            store.Find(id)
        );
        using (var stored = await store.ReadRecordAsync(id, None))
        {
            Assert.Equal(record, stored!.Memory.ToArray());
        }

        Assert.Equal(plain, await TestVolume.ReadAsync(store, id, 0, bytes));
        Assert.Equal(plain[(bytes / 2)..], await TestVolume.ReadAsync(store, id, bytes / 2, bytes - (bytes / 2)));
        Assert.Equal(plain[(bytes / 3)..][..1], await TestVolume.ReadAsync(store, id, bytes / 3, 1));
    }

    [Fact]
    public async Task A_record_of_another_kind_or_id_counts_as_absent()
    {
        await using var store = await volume.OpenAsync();
        var (id, _) = await volume.PutAsync(store, 100, 1);
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        Assert.False(await store.ReadPlainAsync(id, RecordKind.Manifest, 0, 10, buffer, None));
        Assert.Equal(0, buffer.WrittenCount);
        Assert.Null(await store.ReadRecordAsync(ChunkId.OfChunk("other"u8), None));
    }

    [Fact]
    public async Task A_second_put_stores_nothing_and_raises_the_stamp()
    {
        await using var store = await volume.OpenAsync();
        var (id, _, record) = volume.MakeRecord(5000, 1);
        await store.PutAsync(record, new PutOptions(3, Owed: false), None);
        Assert.Equal(PutOutcome.AlreadyPresent, await store.PutAsync(record, new PutOptions(5, false), None));
        Assert.Equal(PutOutcome.AlreadyPresent, await store.PutAsync(record, new PutOptions(4, false), None));
        Assert.Equal(5u, store.Find(id)!.TouchEpoch);
        Assert.Equal(1, store.Stats().Records);
        Assert.Equal(2, store.Stats().Batches);
    }

    [Fact]
    public async Task Racing_puts_of_one_chunk_store_it_once()
    {
        await using var store = await volume.OpenAsync();
        var (_, _, record) = volume.MakeRecord(50_000, 1);
        var outcomes = await Task.WhenAll(
            Enumerable
                .Range(0, 20)
                .Select(_ => Task.Run(() => store.PutAsync(record, new PutOptions(1, false), None).AsTask()))
        );
        Assert.Single(outcomes, PutOutcome.Stored);
        Assert.Equal(19, outcomes.Count(outcome => outcome == PutOutcome.AlreadyPresent));
    }

    [Fact]
    public async Task Concurrent_puts_share_syncs()
    {
        await using var store = await volume.OpenAsync();
        await volume.PutAsync(store, 10, 0);
        var before = volume.Disk.Syncs;
        var records = Enumerable.Range(1, 200).Select(seed => volume.MakeRecord(2000, seed).Record).ToList();
        await Task.WhenAll(records.Select(r => store.PutAsync(r, new PutOptions(1, false), None).AsTask()));
        Assert.InRange(volume.Disk.Syncs - before, 1, 100);
        Assert.Equal(201, store.Stats().Records);
    }

    [Fact]
    public async Task A_bad_record_is_refused_and_nothing_is_written()
    {
        await using var store = await volume.OpenAsync();
        var (id, _, record) = volume.MakeRecord(5000, 1);
        record[3000] ^= 1;
        var error = await Assert.ThrowsAsync<BlobException>(async () =>
            await store.PutAsync(record, new PutOptions(1, false), None)
        );
        Assert.Equal(BlobError.BadRecord, error.Error);
        Assert.Null(store.Find(id));
        Assert.Equal(0, store.Stats().Batches);
    }

    [Fact]
    public async Task A_record_whose_key_the_volume_does_not_store_is_refused()
    {
        await using var store = await volume.OpenAsync();
        await using var other = await BlobStore.OpenAsync(
            volume.OptionsFor("other"),
            volume.Keys,
            volume.Disk,
            TimeProvider.System,
            None
        );
        var (_, _, record) = volume.MakeRecord(5000, 1);
        var error = await Assert.ThrowsAsync<BlobException>(async () =>
            await other.PutAsync(record, new PutOptions(1, false), None)
        );
        Assert.Equal(BlobError.UnknownKey, error.Error);
        await other.StoreKeysAsync([volume.WrappedKey], None);
        Assert.Equal(PutOutcome.Stored, await other.PutAsync(record, new PutOptions(1, false), None));
    }

    [Fact]
    public async Task Adopting_needs_presence_and_a_whole_record_and_stamps_it()
    {
        await using var store = await volume.OpenAsync();
        var (good, _) = await volume.PutAsync(store, 5000, 1);
        var (bad, _) = await volume.PutAsync(store, 6000, 2);
        await CorruptAsync(store, bad);
        var absent = ChunkId.OfChunk("absent"u8);
        var adopted = await store.AdoptAsync([good, bad, absent], 9, None);
        bool[] expected = [true, false, false];
        Assert.Equal(expected, adopted);
        Assert.Equal(9u, store.Find(good)!.TouchEpoch);
        Assert.Equal(1u, store.Find(bad)!.TouchEpoch);
        Assert.Equal(1, store.Stats().DamagedRecords);
    }

    [Fact]
    public async Task A_stamp_of_the_epoch_costs_no_batch()
    {
        await using var store = await volume.OpenAsync();
        var (id, _) = await volume.PutAsync(store, 5000, 1, epoch: 4);
        var before = store.Stats().Batches;
        Assert.True(await store.AdoptAsync(id, 4, None));
        Assert.Equal(before, store.Stats().Batches);
    }

    [Fact]
    public async Task A_damaged_record_is_never_delivered_and_a_put_heals_it()
    {
        await using var store = await volume.OpenAsync();
        var (id, plain, record) = volume.MakeRecord(300_000, 1);
        await store.PutAsync(record, new PutOptions(1, false), None);
        await CorruptAsync(store, id);
        var onRead = await Assert.ThrowsAsync<BlobException>(async () => await store.ReadRecordAsync(id, None));
        Assert.Equal(BlobError.Damaged, onRead.Error);
        var onRange = await Assert.ThrowsAsync<BlobException>(async () =>
            await TestVolume.ReadAsync(store, id, 0, plain.Length)
        );
        Assert.Equal(BlobError.Damaged, onRange.Error);
        Assert.Equal(1, store.Stats().DamagedRecords);

        Assert.Equal(PutOutcome.Healed, await store.PutAsync(record, new PutOptions(1, false), None));
        Assert.Equal(plain, await TestVolume.ReadAsync(store, id, 0, plain.Length));
        Assert.Equal(0, store.Stats().DamagedRecords);
        Assert.Equal(1, store.Stats().Records);
    }

    [Fact]
    public async Task A_stamp_of_the_epoch_does_not_vouch_for_a_record_found_damaged_since()
    {
        await using var store = await volume.OpenAsync();
        var (id, plain) = await volume.PutAsync(store, 5000, 1, epoch: 4);
        Assert.True(store.Has(id));
        await CorruptAsync(store, id);
        await Assert.ThrowsAsync<BlobException>(() => TestVolume.ReadAsync(store, id, 0, plain.Length));

        Assert.False(await store.AdoptAsync(id, 4, None));
        Assert.False(store.Has(id));
    }

    [Fact]
    public async Task Healing_an_owed_record_leaves_it_owed_also_after_a_rebuild_of_the_index()
    {
        var (id, _, record) = volume.MakeRecord(5000, 1);
        await using (var store = await volume.OpenAsync())
        {
            await store.PutAsync(record, new PutOptions(1, Owed: true), None);
            await CorruptAsync(store, id);
            Assert.Equal(PutOutcome.Healed, await store.PutAsync(record, new PutOptions(1, Owed: false), None));
            Assert.Equal([id], store.ListOwed(null, 10));
        }

        Directory.Delete(Path.Combine(volume.Options.Path, "index"), recursive: true);
        await using var rebuilt = await volume.OpenAsync();
        Assert.Equal([id], rebuilt.ListOwed(null, 10));
    }

    [Fact]
    public async Task Owed_marks_are_listed_in_order_until_settled()
    {
        await using var store = await volume.OpenAsync();
        var ids = new List<ChunkId>();
        for (var seed = 0; seed < 10; seed++)
        {
            ids.Add((await volume.PutAsync(store, 100, seed, owed: seed % 2 == 0)).Id);
        }

        var owed = ids.Where((_, seed) => seed % 2 == 0).Order().ToList();
        Assert.Equal(owed, store.ListOwed(null, 100));
        Assert.Equal(owed[2..4], store.ListOwed(owed[1], 2));
        await store.SettleAsync(owed[..3], None);
        Assert.Equal(owed[3..], store.ListOwed(null, 100));
        Assert.Equal(2, store.Stats().Owed);
        Assert.Equal(ids.Order(), store.List(null, 100).Select(info => info.Id));
        Assert.Equal(ids.Order().Skip(4), store.List(ids.Order().ElementAt(3), 100).Select(info => info.Id));
    }

    [Fact]
    public async Task A_deleted_record_is_gone_and_can_be_put_again()
    {
        await using var store = await volume.OpenAsync();
        var (id, _, record) = volume.MakeRecord(5000, 1);
        await store.PutAsync(record, new PutOptions(7, Owed: true), None);
        await store.DeleteAsync([id], None);
        Assert.Null(store.Find(id));
        Assert.Equal((0, 0, 0), (store.Stats().Records, store.Stats().LiveRecordBytes, store.Stats().Owed));
        Assert.Equal(PutOutcome.Stored, await store.PutAsync(record, new PutOptions(2, false), None));
        Assert.Equal(2u, store.Find(id)!.TouchEpoch);
    }

    [Fact]
    public async Task A_directory_in_use_is_refused()
    {
        await using var store = await volume.OpenAsync();
        var error = await Assert.ThrowsAsync<BlobException>(() => volume.OpenAsync());
        Assert.Equal(BlobError.VolumeInUse, error.Error);
    }

    [Fact]
    public async Task A_volume_of_another_cluster_is_refused()
    {
        await (await volume.OpenAsync()).DisposeAsync();
        var error = await Assert.ThrowsAsync<BlobException>(() =>
            volume.OpenAsync(volume.Options with { ClusterId = Guid.NewGuid() })
        );
        Assert.Equal(BlobError.WrongCluster, error.Error);
        Assert.Contains("Put the right disk there", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_with_other_files_is_refused_and_left_alone()
    {
        Directory.CreateDirectory(volume.Options.Path);
        await File.WriteAllTextAsync(Path.Combine(volume.Options.Path, "thesis.txt"), "mine");
        var error = await Assert.ThrowsAsync<BlobException>(() => volume.OpenAsync());
        Assert.Equal(BlobError.NotAVolume, error.Error);
        Assert.Single(Directory.GetFileSystemEntries(volume.Options.Path));
    }

    [Fact]
    public async Task Reads_and_writes_under_load_end_cleanly_when_the_store_is_closed()
    {
        var store = await volume.OpenAsync();
        var (id, plain) = await volume.PutAsync(store, 100_000, 1);
        var workers = Enumerable.Range(0, 8).Select(_ => Task.Run(() => WorkAsync(store, id, plain))).ToList();
        await Task.Delay(100);
        await store.DisposeAsync();
        await Task.WhenAll(workers);
    }

    private async Task WorkAsync(BlobStore store, ChunkId id, byte[] plain)
    {
        try
        {
            for (var seed = 0; ; seed++)
            {
                Assert.Equal(plain, await TestVolume.ReadAsync(store, id, 0, plain.Length));
                await volume.PutAsync(store, 1000, Environment.CurrentManagedThreadId * 1_000_000 + seed);
            }
        }
        catch (ObjectDisposedException)
        {
            // What callers of a closed store get.
        }
    }

    private async Task CorruptAsync(BlobStore store, ChunkId id)
    {
        using var file = File.OpenHandle(volume.LastSegment, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        using var record = await store.ReadRecordAsync(id, None);
        var content = new byte[RandomAccess.GetLength(file)];
        _ = await RandomAccess.ReadAsync(file, content, 0);
        var at = content.AsSpan().IndexOf(record!.Memory.Span[..96]) + 96 + 1000;
        await RandomAccess.WriteAsync(file, new[] { (byte)(content[at] ^ 1) }, at);
    }
}
