using FileSharing.BlobEngine;
using FileSharing.Chunks;

namespace FileSharing.UnitTests.BlobEngine;

/// <summary>The index is derived: whatever happens to it, the segments bring it back.</summary>
public sealed class IndexDamageTests
{
    private const int Records = 3000;

    [Fact]
    public async Task An_index_that_turns_out_damaged_while_open_is_built_again_by_the_next_opening()
    {
        await using var volume = new TestVolume();
        var ids = await FillAsync(volume);
        await using (var store = await volume.OpenAsync())
        {
            DamageTables(volume);
            var error = Assert.Throws<BlobException>(() => ids.ForEach(id => store.Find(id)));
            Assert.Equal(BlobError.IndexDamaged, error.Error);
            Assert.True(store.NeedsReopening);
        }

        await using var reopened = await volume.OpenAsync();
        Assert.True(reopened.Recovery.IndexRebuilt);
        Assert.False(reopened.NeedsReopening);
        Assert.All(ids, id => Assert.True(reopened.Has(id)));
    }

    [Fact]
    public async Task A_rebuild_from_batches_finds_what_the_directories_say()
    {
        await using var volume = new TestVolume(segmentBytesMax: 1 << 20);
        var ids = await FillAsync(volume);
        await using (var store = await volume.OpenAsync())
        {
            await store.DeleteAsync([.. ids.Take(100)], CancellationToken.None);
        }

        var steps = new List<RecoveryProgress>();
        var options = volume.Options with { Rebuild = IndexRebuild.FromBatches, Recovery = new Steps(steps) };
        await using var rebuilt = await volume.OpenAsync(options);
        Assert.True(rebuilt.Recovery.IndexRebuilt);
        Assert.Empty(rebuilt.Recovery.Damage);
        Assert.Equal(Records - 100, rebuilt.Stats().Records);
        Assert.All(ids.Skip(100), id => Assert.True(rebuilt.Has(id)));
        Assert.True(steps.Count > 1);
        Assert.Equal(steps[^1].Bytes, steps[^1].BytesDone);
        Assert.Equal(Records, steps[^1].Records);
    }

    [Fact]
    public async Task A_rebuild_from_batches_reports_a_damaged_segment_header_and_finds_every_record()
    {
        await using var volume = new TestVolume(segmentBytesMax: 1 << 20);
        var ids = await FillAsync(volume);
        await using (var header = File.OpenWrite(Path.Combine(volume.Segments, "0000000001.seg")))
        {
            header.WriteByte(0);
        }

        await using var rebuilt = await volume.OpenAsync(volume.Options with { Rebuild = IndexRebuild.FromBatches });
        var place = Assert.Single(rebuilt.Recovery.Damage);
        Assert.Equal(new DamagedPlace(1, 0, 4096), place);
        Assert.Equal(Records, rebuilt.Stats().Records);
        Assert.All(ids, id => Assert.True(rebuilt.Has(id)));
    }

    [Fact]
    public async Task An_unreadable_sector_of_an_unsealed_segment_is_damage_and_the_rest_is_found()
    {
        await using var volume = new TestVolume();
        await using var store = await volume.OpenAsync();
        var ids = new List<ChunkId>();
        for (var i = 0; i < 3; i++)
        {
            ids.Add((await volume.PutAsync(store, 10_000, i)).Id);
        }

        var crashed = volume.CopyAsAfterCrash("crashed");
        volume.Disk.UnreadableBlock = (".seg", 4096 + 4096);
        await using var recovered = await volume.OpenAsync(crashed);
        var place = Assert.Single(recovered.Recovery.Damage);
        Assert.Equal(4096, place.Offset);

        // Its header lies before the sector: the record stays known, so that reads and scrub find it damaged, and it is repaired.
        Assert.All(ids, id => Assert.True(recovered.Has(id)));
        var error = await Assert.ThrowsAsync<BlobException>(() => TestVolume.ReadAsync(recovered, ids[0], 0, 10_000));
        Assert.Equal(BlobError.Damaged, error.Error);
        Assert.All(
            await Task.WhenAll(ids.Skip(1).Select(id => TestVolume.ReadAsync(recovered, id, 0, 10_000))),
            Assert.NotNull
        );
    }

    private static async Task<List<ChunkId>> FillAsync(TestVolume volume)
    {
        await using var store = await volume.OpenAsync();
        var puts = Enumerable.Range(0, Records).Select(seed => volume.PutAsync(store, 500, seed));
        return [.. (await Task.WhenAll(puts)).Select(put => put.Id)];
    }

    /// <summary>A byte in the first data block of every table.</summary>
    private static void DamageTables(TestVolume volume)
    {
        foreach (var table in Directory.GetFiles(Path.Combine(volume.Options.Path, "index"), "*.sst"))
        {
            using var file = File.OpenWrite(table);
            file.Position = 100;
            file.Write([0xA5, 0x5A, 0xA5]);
        }
    }

    private sealed class Steps(List<RecoveryProgress> steps) : IProgress<RecoveryProgress>
    {
        public void Report(RecoveryProgress value) => steps.Add(value);
    }
}
