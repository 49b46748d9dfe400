using System.Diagnostics;

namespace FileSharing.ClusterTests.Network;

/// <summary>
/// A node is killed, frozen, cut off in every way, or loses its disk, on real processes in network namespaces, while clients store and read through the client library: no
/// acknowledged file is lost or wrong, no read or put fails while one node of three is away, and afterwards every disk has everything again.
/// </summary>
public sealed class FaultTests
{
    /// <summary>Then everything is compared, and a new cluster begun.</summary>
    private const int FaultsPerCluster = 10;

    /// <summary>Of the first cluster: one of each kind that ends in seconds.</summary>
    private static readonly (Fault Fault, int Member, TimeSpan Lasts)[] First =
    [
        (Fault.Killed, 0, Seconds(2)),
        (Fault.Frozen, 1, Seconds(8)),
        (Fault.CutOffWhole, 2, Seconds(3)),
        (Fault.DiskFull, 2, Seconds(2)),
        (Fault.DiskLost, 0, Seconds(1)),
    ];

    [Fact]
    [Trait(Soak.Trait, Soak.Cluster)]
    public async Task Clients_go_on_with_two_nodes_of_three_whatever_happens_to_the_third_and_nothing_acknowledged_is_lost()
    {
        var seed = Soak.Seed();
        var clock = Stopwatch.StartNew();
        await RunAsync(seed, First);
        for (var left = Soak.Count(slice: 0, full: 80); left > 0; left -= FaultsPerCluster, seed++)
        {
            await RunAsync(seed, Random(new Random(seed), Math.Min(left, FaultsPerCluster)));
        }

        Soak.Report(
            $"{clock.Elapsed.TotalMinutes:F0} min: 0 lost, 0 wrong, 0 reads failed, 0 puts failed, last seed {seed - 1}."
        );
    }

    private static async Task RunAsync(int seed, IEnumerable<(Fault Fault, int Member, TimeSpan Lasts)> faults)
    {
        await using var run = await FaultRun.StartAsync(seed);
        foreach (var (fault, member, lasts) in faults)
        {
            await run.SufferAsync(fault, member, lasts);
        }

        await run.JudgeAsync();
        foreach (var outcome in run.Outcomes)
        {
            Soak.Report($"{outcome}");
        }

        Soak.Report(
            $"One cluster, seed {seed}: {run.Files} files acknowledged, {run.Reads} reads compared; every disk has all of them."
        );
    }

    private static IEnumerable<(Fault Fault, int Member, TimeSpan Lasts)> Random(Random random, int count)
    {
        var kinds = Enum.GetValues<Fault>();
        for (var i = 0; i < count; i++)
        {
            var fault = kinds[random.Next(kinds.Length)];
            yield return (fault, MemberFor(fault, random), LastsFor(fault, random));
        }
    }

    /// <summary>Only the last has a disk that can be filled, and it keeps its place: machines that are replaced are the others.</summary>
    private static int MemberFor(Fault fault, Random random) =>
        fault switch
        {
            Fault.DiskFull => NetworkCluster.Nodes - 1,
            Fault.MachineLost => random.Next(NetworkCluster.Nodes - 1),
            _ => random.Next(NetworkCluster.Nodes),
        };

    private static TimeSpan LastsFor(Fault fault, Random random) =>
        fault switch
        {
            Fault.Frozen => Seconds(5 + (random.NextDouble() * 55)),
            Fault.DiskLost or Fault.MachineLost => Seconds(random.NextDouble() * 15),
            _ => Seconds(1 + (random.NextDouble() * 29)),
        };

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
