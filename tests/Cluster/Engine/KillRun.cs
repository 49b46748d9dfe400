using FileSharing.Cluster.Transport;

namespace FileSharing.ClusterTests.Engine;

/// <summary>
/// One node that is killed again and again, on volumes that grow meanwhile: at random moments of its work, at random moments of its start, and at a chosen system call.
/// After each death what was acknowledged lately and some of what is older is compared, in the end everything.
/// </summary>
internal sealed class KillRun : IAsyncDisposable
{
    /// <summary>A start takes a quarter of a second to half of one.</summary>
    private const int StartMilliseconds = 500;
    private const int LoadMillisecondsMin = 5;
    private const int LoadMillisecondsMax = 350;

    /// <summary>For a call that does not come: then the node is killed without it.</summary>
    private const int CallMillisecondsMax = 1_000;

    private const int RecentCompared = 700;
    private const int OlderCompared = 30;
    private const int ComparedAtOnce = 8;
    private const int LivesBetweenDeletes = 8;
    private const double DeletedPart = 0.3;

    private readonly Random random;
    private readonly LoneNode node;
    private readonly Contents contents;
    private readonly Journal journal = new();

    private KillRun(int seed, LoneNode node)
    {
        random = new Random(seed);
        contents = new Contents(seed, node.Codec);
        this.node = node;
    }

    public Violations Violations { get; } = new();

    public int Kills { get; private set; }

    /// <summary>Of them, those at a system call.</summary>
    public int KillsAtCalls { get; private set; }

    public long Acknowledged { get; private set; }

    public long Compared { get; private set; }

    public static async Task<KillRun> CreateAsync(int seed) =>
        new(seed, await LoneNode.CreateAsync(new LoneNodeOptions(Volumes: 1 + (seed & 1))));

    /// <summary>Stops early at the first violation.</summary>
    public async Task RunAsync(int kills)
    {
        for (var life = 1; life <= kills && !Violations.Any; life++)
        {
            await LiveAndDieAsync();
            if (life % LivesBetweenDeletes == 0)
            {
                await DeleteSomeAsync();
            }
        }

        await CompareEverythingAsync();
        Acknowledged = journal.Count + journal.Deleted().Count;
    }

    private async Task LiveAndDieAsync()
    {
        var trace = random.Next(5) == 0 ? Injection.KillAt(random) : null;
        var diesStarting = trace is null && random.Next(5) == 0;
        var process = await node.StartAsync(trace);
        if (diesStarting)
        {
            await Task.Delay(random.Next(StartMilliseconds));
            await KillAsync(process, isTraced: false);
        }
        else if (await node.WaitReadyAsync())
        {
            await CompareAsync([.. journal.Last(RecentCompared), .. Older()]);
            await WorkAsync(process, isTraced: trace is not null);
        }
        else
        {
            await KillAsync(process, isTraced: trace is not null);
        }

        Kills++;
        var log = await process.ReadLogAsync();
        Violations.AddIf(log.Contains("damaged", StringComparison.Ordinal), log);
    }

    private async Task WorkAsync(NodeProcess process, bool isTraced)
    {
        using var stop = new CancellationTokenSource();
        var load = new NodeLoad(node, contents, journal, Violations);
        var working = load.RunAsync(random.Next(), stop.Token);
        using var patience = new CancellationTokenSource(
            isTraced ? CallMillisecondsMax : random.Next(LoadMillisecondsMin, LoadMillisecondsMax)
        );
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // The time to kill it, in the midst of its work.
        }

        await KillAsync(process, isTraced);
        await stop.CancelAsync();
        await working;
        Compared += load.Reads;
    }

    /// <summary>Only a traced node may have died before.</summary>
    private async Task KillAsync(NodeProcess process, bool isTraced)
    {
        if (process.HasExited)
        {
            KillsAtCalls++;
            Violations.AddIf(!isTraced, $"it died by itself: {process.Describe()}\n{await process.ReadLogAsync()}");
        }

        await process.KillAsync();
    }

    private IEnumerable<JournalEntry> Older() =>
        Enumerable.Range(0, OlderCompared).Select(_ => journal.Random(random)).OfType<JournalEntry>();

    /// <returns>Whether the node answered for all of them.</returns>
    private async Task<bool> CompareAsync(IReadOnlyList<JournalEntry> entries)
    {
        var load = new NodeLoad(node, contents, journal, Violations);
        var answered = 0;
        await Parallel.ForEachAsync(
            entries,
            new ParallelOptions { MaxDegreeOfParallelism = ComparedAtOnce },
            async (entry, _) =>
            {
                if (await load.CompareAsync(entry) != FetchOutcome.Unreachable)
                {
                    Interlocked.Increment(ref answered);
                }
            }
        );
        Compared += answered;
        return answered == entries.Count;
    }

    /// <summary>
    /// No call of a node deletes, so it is done here while the node is down, and closed cleanly. What is dead then is the node's own to compact, and must not come back.
    /// </summary>
    private async Task DeleteSomeAsync()
    {
        var gone = journal.Last(int.MaxValue).Where(_ => random.NextDouble() < DeletedPart).ToHashSet();
        for (var i = 0; i < node.Volumes.Count; i++)
        {
            await using var store = await node.OpenVolumeAsync(i);
            await store.DeleteAsync([.. gone.Select(entry => entry.Id)], CancellationToken.None);
        }

        journal.Delete(gone);
    }

    private async Task CompareEverythingAsync()
    {
        var process = await node.StartReadyAsync();
        Violations.AddIf(
            !await CompareAsync(journal.Last(int.MaxValue)),
            "not everything acknowledged could be asked for"
        );
        foreach (var volume in journal.Deleted().Select(entry => entry.Id).GroupBy(node.OwnerOf))
        {
            foreach (var ids in volume.Chunk(FileSharing.Cluster.Wire.AdoptRequest.IdsMax))
            {
                var have = await node.Calls.HasAsync(volume.Key, ids, CancellationToken.None);
                Violations.AddIf(have.Contains(true), "a deleted record came back");
            }
        }

        var status = await node.Calls.StatusAsync(node.Map.Nodes[0], CancellationToken.None);
        Violations.AddIf(status.Volumes.Any(volume => volume.Damaged > 0), "a volume counts damaged records");
        await process.StopAsync();
    }

    public ValueTask DisposeAsync() => node.DisposeAsync();
}
