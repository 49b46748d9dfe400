using System.Diagnostics;
using FileSharing.Client;

namespace FileSharing.ClusterTests.Network;

/// <summary>Bits turn in one of a hundred records of one node, on real processes.</summary>
public sealed class FlipTests
{
    private const int FileBytesMax = 24 << 10;
    private const int PutsAtOnce = 8;
    private const int Flipped = 1;
    private static readonly TimeSpan HealMax = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan ScrubMax = TimeSpan.FromSeconds(120);

    [Fact]
    [Trait(Soak.Trait, Soak.Cluster)]
    public async Task The_first_scrub_finds_every_turned_bit_all_are_repaired_the_second_finds_none_and_no_client_sees_one()
    {
        var seed = Soak.Seed();
        var random = new Random(seed);
        await using var cluster = await NetworkCluster.StartAsync();
        var journal = new FileJournal();
        await using var load = new FileLoad(cluster.Client, journal, seed);
        await StoreAsync(load, seed, Soak.Count(slice: 1_000, full: 20_000));
        await cluster.WholeAsync(HealMax);
        var node = cluster.Members[Flipped];

        // 1. Nobody reads between the damage and the scrub: what is found is what was turned, neither more nor less.
        var turned = Turn(node, random);
        var first = await ScrubAsync(cluster, node);
        await load.ReadEverythingAsync();
        await cluster.WholeAsync(HealMax);
        var second = await ScrubAsync(cluster, node);

        // 2. Clients read all the time: what they come across is repaired before the scrub gets there.
        load.Start();
        var turnedBesideReaders = Turn(node, random);
        var third = await ScrubAsync(cluster, node);
        await cluster.WholeAsync(HealMax);
        await load.StopAsync();
        await cluster.WholeAsync(HealMax);
        var fourth = await ScrubAsync(cluster, node);
        await load.ReadEverythingAsync();

        var about = $"FILESHARE_SEED={seed}: {load.Violations}";
        Assert.False(load.Violations.Any, about);
        Assert.True(first.Damaged == turned, $"{about}; {turned} turned, the first scrub found {first.Damaged}");
        AssertNothingNew(first, second, about);
        Assert.True(third.Damaged <= turnedBesideReaders, $"{about}; {turnedBesideReaders} turned, found {third}");
        AssertNothingNew(third, fourth, about);
        Soak.Report(
            $"Bits turned in 1 % of the records of one node: {turned} of {first.Records}, found by the first scrub {first.Damaged}, by the second {second.Damaged}; "
                + $"beside readers {turnedBesideReaders}, of which the scrub found {third.Damaged}, the next {fourth.Damaged}; {load.Reads} reads compared, 0 wrong, 0 failed. Seed {seed}."
        );
    }

    /// <summary>The dead bytes of a repaired record lie where they lay until their segment is compacted, and are counted as a damaged place so long.</summary>
    private static void AssertNothingNew(VolumeScrub before, VolumeScrub after, string about)
    {
        Assert.True(after is { Damaged: 0, IndexMismatches: 0 }, $"{about}; after the repair {after}");
        Assert.True(after.DamagedPlaces <= before.DamagedPlaces, $"{about}; {before}, then {after}");
    }

    private static Task StoreAsync(FileLoad load, int seed, int files) =>
        Parallel.ForEachAsync(
            Enumerable.Range(0, files),
            new ParallelOptions { MaxDegreeOfParallelism = PutsAtOnce },
            async (i, _) =>
            {
                var random = new Random(unchecked((seed * 31) + i));
                await load.PutAsync(random, random.Next(1, FileBytesMax));
            }
        );

    /// <returns>In how many records.</returns>
    private static int Turn(StorageNode node, Random random)
    {
        var records = StoredRecords.Find(node.Volume).ToArray();
        random.Shuffle(records);
        var count = records.Length / 100;
        Assert.True(count > 0, $"The volume has only {records.Length} records.");
        foreach (var record in records[..count])
        {
            StoredRecords.TurnBit(record, random);
        }

        return count;
    }

    private static async Task<VolumeScrub> ScrubAsync(NetworkCluster cluster, StorageNode node)
    {
        var clock = Stopwatch.StartNew();
        var scrub = Assert.Single(await cluster.Client.StartScrubAsync(node.VolumeName));
        while (scrub.State is not "done")
        {
            Assert.True(clock.Elapsed < ScrubMax && scrub.State is not "failed", $"{scrub}");
            await Task.Delay(100);
            scrub = Assert.Single(await cluster.Client.GetScrubsAsync(node.VolumeName));
        }

        return scrub;
    }
}
