using System.Diagnostics;
using System.Globalization;

namespace FileSharing.ClusterTests.Network;

/// <summary>What one fault did to clients.</summary>
/// <param name="Healed">From the end of the fault until three copies of everything were verified.</param>
internal sealed record FaultOutcome(
    Fault Fault,
    TimeSpan Lasted,
    int Puts,
    int Reads,
    TimeSpan SlowestPut,
    TimeSpan SlowestRead,
    TimeSpan Healed
)
{
    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Fault} for {Lasted.TotalSeconds:F0} s: {Puts} puts, slowest {SlowestPut.TotalSeconds:F1} s; {Reads} reads, slowest {SlowestRead.TotalSeconds:F1} s; whole after {Healed.TotalSeconds:F1} s"
        );
}

/// <summary>One cluster, one fault after the other, clients that never rest, and everything compared in the end: through the product, and on each disk by itself.</summary>
internal sealed class FaultRun(NetworkCluster cluster, int seed) : IAsyncDisposable
{
    /// <summary>A put or read that takes longer has not gone on.</summary>
    public static readonly TimeSpan StallMax = TimeSpan.FromSeconds(45);

    /// <summary>Of the disk that is filled, beside what a cluster's faults leave on it.</summary>
    private const int DiskMebibytes = 3_072;

    private static readonly TimeSpan HealMax = TimeSpan.FromSeconds(150);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);

    private readonly FileJournal journal = new();
    private readonly Faults faults = new(cluster);
    private readonly List<FaultOutcome> outcomes = [];
    private FileLoad load = null!;

    public IReadOnlyList<FaultOutcome> Outcomes => outcomes;

    public int Files => journal.Count;

    public int Reads => load.Reads;

    public static async Task<FaultRun> StartAsync(int seed)
    {
        var cluster = await NetworkCluster.StartAsync(DiskMebibytes);
        var run = new FaultRun(cluster, seed);
        run.load = new FileLoad(cluster.Client, run.journal, seed);
        run.load.Start();
        await Task.Delay(WarmUp);
        return run;
    }

    /// <param name="fault">Begins now.</param>
    /// <param name="member">Which of the nodes.</param>
    /// <param name="lasts">Until it is made good.</param>
    public async Task SufferAsync(Fault fault, int member, TimeSpan lasts)
    {
        var node = cluster.Members[member];
        var clock = Stopwatch.StartNew();
        var (puts, reads) = (load.Puts, load.Reads);
        load.StartMeasuring();
        await faults.BeginAsync(fault, node);
        await Task.Delay(lasts);
        await faults.EndAsync(fault, node);
        var lasted = clock.Elapsed;
        var healed = await cluster.WholeAsync(HealMax);
        var outcome = new FaultOutcome(
            fault,
            lasted,
            load.Puts - puts,
            load.Reads - reads,
            load.SlowestPut.Elapsed,
            load.SlowestRead.Elapsed,
            healed
        );
        outcomes.Add(outcome);
        TestContext.Current.SendDiagnosticMessage($"{outcome}, node {node.Name}");
        var about = $"FILESHARE_SEED={seed}, fault {outcomes.Count}, node {node.Name}: {outcome}\n";
        Assert.False(load.Violations.Any, about + load.Violations);
        Assert.True(outcome.Puts > 0 && outcome.Reads > 0, about + "Clients could not work.");
        Assert.True(
            outcome.SlowestPut < StallMax && outcome.SlowestRead < StallMax,
            about + "A client waited too long."
        );
    }

    /// <summary>Every acknowledged file is read and compared, then looked for on each disk alone.</summary>
    public async Task JudgeAsync()
    {
        await load.StopAsync();
        await cluster.WholeAsync(HealMax);
        await load.ReadEverythingAsync();
        await cluster.StopNodesAsync();
        foreach (var node in cluster.Members)
        {
            foreach (var lacking in await DiskContents.LackingAsync(cluster, node, journal))
            {
                load.Violations.AddIf(true, lacking);
            }
        }

        Assert.False(load.Violations.Any, $"FILESHARE_SEED={seed}: {load.Violations}");
    }

    public async ValueTask DisposeAsync()
    {
        await load.DisposeAsync();
        await cluster.DisposeAsync();
    }
}
