using System.Security.Cryptography;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Chunks.Keys;

namespace FileSharing.UnitTests.BlobEngine;

/// <summary>Old records are rewritten under a new data key by compaction.</summary>
public sealed class RotationTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly CompactionOptions Rewrite = new(DeadFractionMin: 0.5, RewriteOldKeys: true);

    private readonly TestVolume volume = new(segmentBytesMax: 64 << 10);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => volume.DisposeAsync();

    [Fact]
    public async Task Every_old_record_is_rewritten_and_keeps_its_bytes_its_stamp_and_its_mark()
    {
        var expected = new List<(ChunkId Id, byte[] Plain)>();
        await using (var store = await volume.OpenAsync())
        {
            for (var seed = 0; seed < 40; seed++)
            {
                expected.Add(await volume.PutAsync(store, 5_000, seed, epoch: (uint)seed, owed: seed % 3 == 0));
            }

            await volume.RotateAsync(store, 2);
            for (var seed = 40; seed < 45; seed++)
            {
                expected.Add(await volume.PutAsync(store, 5_000, seed, epoch: (uint)seed, owed: seed % 3 == 0));
            }

            Assert.Equal(new Dictionary<uint, long> { [1] = 40, [2] = 5 }, store.Stats().RecordsByKey);

            var report = await store.CompactAsync(Rewrite, None);

            Assert.Equal(40, report.RecordsRewritten);
            Assert.Equal(new Dictionary<uint, long> { [2] = 45 }, store.Stats().RecordsByKey);
            await AssertHoldsAsync(store, expected);
            Assert.Equal(0, (await store.CompactAsync(Rewrite, None)).RecordsMoved);
        }

        Directory.Delete(Path.Combine(volume.Options.Path, "index"), recursive: true);
        await using var rebuilt = await volume.OpenAsync();
        Assert.Equal(new Dictionary<uint, long> { [2] = 45 }, rebuilt.Stats().RecordsByKey);
        await AssertHoldsAsync(rebuilt, expected);
    }

    [Fact]
    public async Task Nothing_is_rewritten_under_a_key_that_does_not_lie_on_the_volume_yet()
    {
        await using var store = await volume.OpenAsync();
        await volume.PutAsync(store, 5_000, seed: 1);
        volume.Keys.Add(volume.KeyOf(2));
        volume.Keys.Use(2);

        Assert.Equal(0, (await store.CompactAsync(Rewrite, None)).RecordsRewritten);
        await volume.RotateAsync(store, 2);
        Assert.Equal(1, (await store.CompactAsync(Rewrite, None)).RecordsRewritten);
    }

    [Fact]
    public async Task A_record_that_came_under_a_newer_key_is_not_taken_back_to_an_older_one()
    {
        using var ahead = new RootKey(SHA256.HashData("root key of the tests"u8));
        using var keysOfAPeer = new DataKeys(ahead, [volume.WrappedKey, volume.KeyOf(2)]);
        await using var store = await volume.OpenAsync();
        await store.StoreKeysAsync([volume.KeyOf(2)], None);
        var plain = TestBytes.Make(5_000, seed: 1);
        var record = new byte[RecordCodec.RecordBytesMax(plain.Length)];
        var codec = new RecordCodec(keysOfAPeer, new RecordCodecOptions());
        record = record[..codec.Encode(RecordKind.Chunk, ChunkId.OfChunk(plain), plain, record)];
        await store.PutAsync(record, new PutOptions(1, Owed: false), None);
        Assert.Equal(1u, volume.Keys.CurrentKeyId);

        var report = await store.CompactAsync(Rewrite, None);

        Assert.Equal(0, report.RecordsMoved);
        Assert.Equal(new Dictionary<uint, long> { [2] = 1 }, store.Stats().RecordsByKey);
    }

    [Fact]
    public async Task Records_that_were_stored_unsealed_are_sealed_by_a_rewrite()
    {
        await using var plain = new TestVolume(isEncrypted: false);
        var (id, bytes, record) = plain.MakeRecord(5_000, seed: 1);
        await using var store = await volume.OpenAsync();
        await store.PutAsync(record, new PutOptions(1, Owed: false), None);
        Assert.Equal(new Dictionary<uint, long> { [0] = 1 }, store.Stats().RecordsByKey);

        await store.CompactAsync(Rewrite, None);

        Assert.Equal(new Dictionary<uint, long> { [1] = 1 }, store.Stats().RecordsByKey);
        Assert.Equal(bytes, await TestVolume.ReadAsync(store, id, 0, bytes.Length));
    }

    [Fact]
    public async Task A_record_whose_plaintext_is_not_its_id_s_gets_no_new_seal()
    {
        await using var store = await volume.OpenAsync();
        await store.PutAsync(MakeWrongRecord(), new PutOptions(1, Owed: false), None);
        await volume.RotateAsync(store, 2);

        var report = await store.CompactAsync(Rewrite, None);

        Assert.Equal(0, report.RecordsRewritten);
        Assert.Equal(1, report.SegmentsKept);
        Assert.Equal(new Dictionary<uint, long> { [1] = 1 }, store.Stats().RecordsByKey);
    }

    [Fact]
    public async Task A_segment_that_must_stay_does_not_state_its_notes_again_at_every_run()
    {
        await using var store = await volume.OpenAsync();
        var wrong = MakeWrongRecord();
        await volume.RotateAsync(store, 2);
        var touched = await volume.PutAsync(store, 5_000, seed: 3);
        await store.SealAsync(None);
        await store.PutAsync(wrong, new PutOptions(1, Owed: false), None);
        Assert.True(await store.AdoptAsync(touched.Id, epoch: 5, None));

        var report = await store.CompactAsync(Rewrite, None);

        Assert.Equal(1, report.SegmentsKept);
        Assert.Equal(0, report.NotesCarried);
    }

    [Fact]
    public async Task A_sealed_segment_is_compacted_even_when_it_is_the_newest()
    {
        await using var store = await volume.OpenAsync();
        var kept = await volume.PutAsync(store, 5_000, seed: 1);
        var dead = await volume.PutAsync(store, 20_000, seed: 2);
        await store.DeleteAsync([dead.Id], None);
        var newest = volume.LastSegment;
        await store.SealAsync(None);

        var report = await store.CompactAsync(new CompactionOptions(DeadFractionMin: 0.1), None);

        Assert.Equal(1, report.SegmentsRemoved);
        Assert.False(File.Exists(newest));
        await AssertHoldsAsync(store, [kept]);
    }

    [Fact]
    public async Task The_number_of_a_newest_segment_with_nothing_live_is_not_given_again()
    {
        await using var store = await volume.OpenAsync();
        var dead = await volume.PutAsync(store, 20_000, seed: 1);
        await store.DeleteAsync([dead.Id], None);
        await store.SealAsync(None);
        var newest = volume.LastSegment;

        await store.CompactAsync(new CompactionOptions(DeadFractionMin: 0.1), None);
        Assert.True(File.Exists(newest));

        await volume.PutAsync(store, 5_000, seed: 2);
        await store.CompactAsync(new CompactionOptions(DeadFractionMin: 0.1), None);
        Assert.False(File.Exists(newest));
    }

    [Fact]
    public async Task A_segment_whose_directory_is_damaged_is_emptied_from_its_batches()
    {
        await using var store = await volume.OpenAsync();
        var kept = await volume.PutAsync(store, 5_000, seed: 1);
        var dead = await volume.PutAsync(store, 20_000, seed: 2);
        await store.SealAsync(None);
        var damaged = volume.LastSegment;
        var also = await volume.PutAsync(store, 5_000, seed: 3);
        await store.DeleteAsync([dead.Id], None);
        using (var file = File.OpenWrite(damaged))
        {
            // Into the footer's first batch: its header stays, its directory does not pass its checksum.
            file.Position = file.Length - 8192 + 100;
            file.Write([1, 2, 3, 4, 5, 6, 7, 8]);
        }

        var report = await store.CompactAsync(new CompactionOptions(DeadFractionMin: 0.1), None);

        Assert.Equal(1, report.SegmentsRemoved);
        Assert.False(File.Exists(damaged));
        await AssertHoldsAsync(store, [kept, also]);
    }

    [Fact]
    public async Task A_directory_that_fails_its_checksum_is_not_believed_and_the_index_is_made_from_the_batches()
    {
        List<(ChunkId Id, byte[] Plain)> kept;
        await using (var store = await volume.OpenAsync())
        {
            kept = [await volume.PutAsync(store, 5_000, seed: 1), await volume.PutAsync(store, 5_000, seed: 2)];
            await store.SealAsync(None);
        }

        using (var file = File.OpenWrite(volume.LastSegment))
        {
            // The first entry's id: everything else about the directory stays as it was.
            file.Position =
                file.Length
                - (2 * SegmentFormat.FooterBlockBytes)
                + SegmentFormat.BatchHeaderBytes
                + SegmentFormat.FrameHeaderBytes
                + SegmentFormat.DirectoryPrefixBytes;
            file.WriteByte((byte)~kept[0].Id.ToByteArray()[0]);
        }

        Directory.Delete(Path.Combine(volume.Options.Path, "index"), recursive: true);
        await using var rebuilt = await volume.OpenAsync();
        await AssertHoldsAsync(rebuilt, kept);
        Assert.Equal(kept.Count, rebuilt.Stats().Records);
    }

    [Fact]
    public void The_rewriter_asks_for_no_key_that_does_not_lie_on_the_volume()
    {
        using var pool = new BufferPool(1 << 20);
        volume.Keys.Add(volume.KeyOf(1));
        volume.Keys.Use(1);
        var isStored = false;
        var rewriter = new RecordRewriter(volume.Keys, volume.Codec, _ => isStored, pool);

        Assert.Equal(0, rewriter.CurrentKeyId);
        Assert.False(rewriter.IsNeeded(0));
        isStored = true;
        Assert.Equal(1, rewriter.CurrentKeyId);
        Assert.True(rewriter.IsNeeded(0));
    }

    /// <summary>With good checksums, under the current key, of other bytes than its id names.</summary>
    private byte[] MakeWrongRecord()
    {
        var plain = TestBytes.Make(5_000, seed: 1);
        var named = ChunkId.OfChunk(TestBytes.Make(5_000, seed: 2));
        var record = new byte[RecordCodec.RecordBytesMax(plain.Length)];
        return record[..volume.Codec.Encode(RecordKind.Chunk, named, plain, record)];
    }

    private static async Task AssertHoldsAsync(BlobStore store, List<(ChunkId Id, byte[] Plain)> expected)
    {
        foreach (var (id, plain) in expected)
        {
            Assert.Equal(plain, await TestVolume.ReadAsync(store, id, 0, plain.Length));
        }

        Assert.Equal(expected.Count, store.Stats().Records);
        Assert.All(
            expected.Where(record => store.Find(record.Id)!.TouchEpoch > 1),
            record => Assert.Equal(store.Find(record.Id)!.TouchEpoch % 3 == 0, store.Find(record.Id)!.Owed)
        );
    }
}
