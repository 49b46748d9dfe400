using FileSharing.BlobEngine;
using FileSharing.Chunks;

namespace FileSharing.UnitTests.BlobEngine;

/// <summary>What becomes of a place that a scrub has found damaged: docs/scrub.md and docs/compaction.md.</summary>
public sealed class DamagedPlaceTests : IAsyncDisposable
{
    private const int RecordBytes = 20_000;
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly ScrubOptions Everything = new(TimeSpan.Zero, TimeSpan.Zero);

    /// <summary>Nothing is dead enough: what is taken is taken for its damage.</summary>
    private static readonly CompactionOptions Damaged = new(DeadFractionMin: 1, RewriteDamaged: true);

    private readonly TestVolume volume = new(segmentBytesMax: 256 << 10);

    public ValueTask DisposeAsync() => volume.DisposeAsync();

    [Theory]
    [InlineData(0)]
    [InlineData(39)]
    public async Task After_repair_and_compaction_a_scrub_finds_nothing_any_more(int which)
    {
        await using var store = await volume.OpenAsync();
        var put = await FillAsync(store, 40);
        await FlipAsync(put[which].Id);
        Assert.Equal((1, 1), await ScrubAsync(store));
        await HealAsync(store, which);
        Assert.Equal((0, 1), await ScrubAsync(store));

        var report = await store.CompactAsync(Damaged, None);

        Assert.Equal((1, 0), (report.SegmentsRemoved, report.SegmentsKept));
        Assert.Equal((0, 0), await ScrubAsync(store));
        Assert.Empty(store.ListDamaged(null, 10));
        await AssertHoldsAsync(store, put);
        Assert.Equal(0, (await store.CompactAsync(Damaged, None)).SegmentsRemoved);
    }

    [Fact]
    public async Task A_damaged_place_is_still_known_after_a_restart()
    {
        List<(ChunkId Id, byte[] Plain)> put;
        await using (var store = await volume.OpenAsync())
        {
            put = await FillAsync(store, 40);
            await FlipAsync(put[0].Id);
            await ScrubAsync(store);
            await HealAsync(store, 0);
        }

        await using var reopened = await volume.OpenAsync();
        Assert.Equal(1, (await reopened.CompactAsync(Damaged, None)).SegmentsRemoved);
        Assert.Equal((0, 0), await ScrubAsync(reopened));
        await AssertHoldsAsync(reopened, put);
    }

    [Fact]
    public async Task A_damaged_record_without_another_copy_stays_reported_until_it_is_healed()
    {
        await using var store = await volume.OpenAsync();
        var put = await FillAsync(store, 40);
        await FlipAsync(put[0].Id);
        await ScrubAsync(store);

        // Whatever is done to the volume meanwhile.
        for (var round = 0; round < 2; round++)
        {
            Assert.Equal(0, (await store.CompactAsync(Damaged, None)).RecordsMoved);
            await store.CompactAsync(Damaged with { DeadFractionMin = 0 }, None);
            Assert.Equal((0, 1), await ScrubAsync(store));
            Assert.Equal([put[0].Id], store.ListDamaged(null, 10));
        }

        await HealAsync(store, 0);
        await store.CompactAsync(Damaged, None);
        Assert.Equal((0, 0), await ScrubAsync(store));
        await AssertHoldsAsync(store, put);
    }

    [Fact]
    public async Task A_record_that_is_not_what_its_id_says_is_not_made_good_by_a_compaction()
    {
        await using var store = await volume.OpenAsync();
        var id = ChunkId.OfChunk(TestBytes.Make(5_000, seed: 1));
        var record = new byte[RecordCodec.RecordBytesMax(5_000)];
        record = record[..volume.Codec.Encode(RecordKind.Chunk, id, TestBytes.Make(5_000, seed: 2), record)];
        await store.PutAsync(record, new PutOptions(1, Owed: false), None);
        await FillAsync(store, 40);
        Assert.Equal((1, 0), await ScrubAsync(store));

        var report = await store.CompactAsync(new CompactionOptions(DeadFractionMin: 0), None);

        Assert.Equal(1, report.SegmentsKept);
        Assert.Equal([id], store.ListDamaged(null, 10));
    }

    [Fact]
    public async Task Where_damage_took_what_nobody_can_name_the_place_goes_on_being_counted()
    {
        List<(ChunkId Id, byte[] Plain)> put;
        await using (var store = await volume.OpenAsync())
        {
            put = await FillAsync(store, 3);
        }

        // The header of the record and the index: what the second record was is not written anywhere else.
        await FlipAsync(put[1].Id, at: 10);
        Directory.Delete(Path.Combine(volume.Options.Path, "index"), recursive: true);
        await using var rebuilt = await volume.OpenAsync();
        Assert.Single(rebuilt.Recovery.Damage);
        Assert.Equal((0, 1), await ScrubAsync(rebuilt));

        await rebuilt.CompactAsync(Damaged, None);

        Assert.Equal((0, 1), await ScrubAsync(rebuilt));
        await AssertHoldsAsync(rebuilt, [put[0], put[2]]);
    }

    private async Task<List<(ChunkId Id, byte[] Plain)>> FillAsync(BlobStore store, int count)
    {
        var put = new List<(ChunkId, byte[])>();
        for (var seed = 0; seed < count; seed++)
        {
            put.Add(await volume.PutAsync(store, RecordBytes, seed));
        }

        return put;
    }

    /// <summary>As the copy of another owner does.</summary>
    private async Task HealAsync(BlobStore store, int seed)
    {
        var (_, _, record) = volume.MakeRecord(RecordBytes, seed);
        Assert.Equal(PutOutcome.Healed, await store.PutAsync(record, new PutOptions(1, Owed: false), None));
    }

    private static async Task<(long Damaged, int Places)> ScrubAsync(BlobStore store)
    {
        var report = await store.ScrubAsync(Everything, progress: null, None);
        Assert.Equal(0, report.IndexMismatches);
        return (report.Damaged, report.DamagedPlaces);
    }

    private static async Task AssertHoldsAsync(BlobStore store, List<(ChunkId Id, byte[] Plain)> expected)
    {
        foreach (var (id, plain) in expected)
        {
            Assert.Equal(plain, await TestVolume.ReadAsync(store, id, 0, plain.Length));
        }

        Assert.Equal(expected.Count, store.Stats().Records);
    }

    /// <summary>Turns a bit of the record, so far behind the beginning of its id.</summary>
    private async Task FlipAsync(ChunkId id, int at = 1_000)
    {
        var idBytes = new byte[ChunkId.Bytes];
        id.CopyTo(idBytes);
        foreach (var path in Directory.GetFiles(volume.Segments))
        {
            var bytes = await File.ReadAllBytesAsync(path, None);
            if (bytes.AsSpan().IndexOf(idBytes) is var found and >= 0)
            {
                await using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                file.Position = found + at;
                file.WriteByte((byte)(bytes[found + at] ^ 0x10));
            }
        }
    }
}
