using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.UnitTests.BlobEngine;

namespace FileSharing.UnitTests.Simulation;

/// <summary>One place of the files of RocksDB is damaged: tables, manifest, CURRENT, OPTIONS. The segments bring everything back.</summary>
[Trait(Soak.Trait, Soak.Engine)]
public sealed class IndexFlipTests : IAsyncDisposable
{
    private const int Records = 60;
    private const int BlockBytes = 4096;

    private readonly TestVolume volume = new(isEncrypted: false, segmentBytesMax: 16 << 10);

    [Fact]
    public async Task Damage_in_the_index_costs_no_record_and_at_most_one_opening()
    {
        var seed = Soak.Seed();
        var random = new Random(seed);
        var ids = await FillAsync();
        var count = Soak.Count(12, 3_000);
        var noticed = 0;
        for (var flip = 0; flip < count; flip++)
        {
            var options = volume.CopyAsAfterCrash($"flip-{flip}");
            var damage = Damage(Path.Combine(options.Path, "index"), random);
            var (isRebuilt, problem) = await TryAllAsync(options, ids);
            if (problem is not null)
            {
                (isRebuilt, problem) = await TryAllAsync(options, ids);
            }

            Assert.True(problem is null, $"flip {flip} of seed {seed}, {damage}: {problem}");
            noticed += isRebuilt ? 1 : 0;
            Directory.Delete(options.Path, recursive: true);
        }

        Soak.Report(
            $"flips in the files of the index: {count:N0}, no record lost, {noticed:N0} led to a rebuild, seed {seed}"
        );
    }

    private async Task<List<ChunkId>> FillAsync()
    {
        await using var store = await volume.OpenAsync();
        var ids = new List<ChunkId>();
        for (var seed = 0; seed < Records; seed++)
        {
            ids.Add((await volume.PutAsync(store, 300, seed, owed: seed % 3 == 0)).Id);
        }

        return ids;
    }

    /// <returns>Whether the index was built again, and what is wrong: the index itself may be, once.</returns>
    private async Task<(bool IsRebuilt, string? Problem)> TryAllAsync(VolumeOptions options, List<ChunkId> ids)
    {
        try
        {
            await using var store = await volume.OpenAsync(options);
            foreach (var id in ids)
            {
                var plain = await TestVolume.ReadAsync(store, id, 0, 300);
                if (plain is null || ChunkId.OfChunk(plain) != id)
                {
                    return (false, $"{id} is not there as it was");
                }
            }

            var owed = store.ListOwed(null, int.MaxValue).Count;
            return (store.Recovery.IndexRebuilt, owed == Records / 3 ? null : $"{owed} are owed");
        }
        catch (BlobException error) when (error.Error == BlobError.IndexDamaged)
        {
            return (false, error.Message);
        }
    }

    private static string Damage(string index, Random random)
    {
        var files = Directory
            .GetFiles(index)
            .Where(path => new FileInfo(path).Length > 0)
            .Order(StringComparer.Ordinal)
            .ToList();
        var path = files[random.Next(files.Count)];
        var bytes = File.ReadAllBytes(path);
        var at = random.Next(bytes.Length);
        var kind = (FlipKind)random.Next((int)FlipKind.ZeroedBlock + 1);
        switch (kind)
        {
            case FlipKind.Bit:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case FlipKind.Byte:
                bytes[at] = (byte)random.Next(256);
                break;
            default:
                at = at / BlockBytes * BlockBytes;
                bytes.AsSpan(at, Math.Min(BlockBytes, bytes.Length - at)).Clear();
                break;
        }

        File.WriteAllBytes(path, bytes);
        return $"{kind} at {at} of {Path.GetFileName(path)}";
    }

    public ValueTask DisposeAsync() => volume.DisposeAsync();
}
