using System.Globalization;
using System.Text.Json;

namespace FileSharing.Load;

/// <summary>
/// Four nodes, of which one loses all that it holds, under a steady load of reads: once at full budget, once at half. Then a fifth node is added. What counts as whole is
/// what /health/cluster has verified.
/// </summary>
internal sealed class RepairRun : IDisposable
{
    private const string Lost = "4/1";
    private const int FileBytes = 64 << 20;
    private const int ReadBytes = 256 << 10;
    private const int Writers = 2;

    private readonly Target target;
    private readonly ClusterScript script;
    private readonly ServerProcesses servers;
    private readonly string data;

    private RepairRun(Target target, ClusterScript script, ServerProcesses servers, string data)
    {
        this.target = target;
        this.script = script;
        this.servers = servers;
        this.data = data;
    }

    public static async Task<RepairRun> OpenAsync(
        string data,
        int port,
        ClusterScript script,
        ServerProcesses servers
    ) => new(await Target.OpenAsync(data, port, 4), script, servers, data);

    public async Task RunAsync(double gigabytes, double readsPerSecond, TimeSpan duration, Content content)
    {
        var files = new FileLoad(target, content, FileBytes);
        await FillAsync(files, (long)(gigabytes * 1e9));
        await UntilWholeAsync();
        var stored = await LostAsync();
        var raw = await MixedDisk.MeasureAsync(data, duration);
        Say(
            $"{Lost} holds {stored.Records} records, {Gigabytes(stored.Bytes)} GB. fio, mixed half and half: {Megabytes(raw)} MB/s written and as much read."
        );
        Say();

        // Reads go to the nodes that are not lost: what a client sees that asks the lost one is no question of repair.
        var surviving = target.Nodes.Take(3).Select(node => node.Port).ToHashSet();
        await using var reads = new SteadyReads(
            readsPerSecond,
            (number, stop) => files.GetRangeAsync(number, url => surviving.Contains(url.Port), ReadBytes, stop)
        );
        Say("| while | reads | p50 ms | p99 ms |\n|---|---|---|---|");
        await Task.Delay(duration);
        reads.Restart();
        var cpu = servers.CpuSeconds();
        await Task.Delay(duration);
        var idle = (servers.CpuSeconds() - cpu) / duration.TotalSeconds;
        SayReads(reads, "no repair");

        var full = await RepairAsync(
            reads,
            "repair at full budget",
            new { bytes_per_second = 100_000_000_000, share = 1.0 }
        );
        var half = await RepairAsync(
            reads,
            "repair at half budget",
            new { bytes_per_second = 100_000_000_000, share = 0.5 }
        );
        Say();
        Say(
            "| repair | records before, after | GB | from the loss to three verified copies, s | MB/s while copying | of fio | CPU-s/GiB | without the reads |\n|---|---|---|---|---|---|---|---|"
        );
        Say(full.Line("full budget", raw, idle));
        Say(half.Line("half budget", raw, idle));
        Say();
        Say(
            "| since the loss, s | under-replicated by health | its age, s | records that the volume lacked then | GB left by health | estimate, s |\n|---|---|---|---|---|---|"
        );
        full.Samples.ForEach(Say);
        await AddNodeAsync();
    }

    private async Task FillAsync(FileLoad files, long bytes)
    {
        while ((await LostAsync()).Bytes < bytes)
        {
            await Task.WhenAll(Enumerable.Range(0, 4 * Writers).GroupBy(i => i % Writers).Select(PutAsync));
        }

        async Task PutAsync(IGrouping<int, int> turns)
        {
            foreach (var _ in turns)
            {
                await files.PutAsync(turns.Key, CancellationToken.None);
            }
        }
    }

    private async Task<Repaired> RepairAsync(SteadyReads reads, string name, object budget)
    {
        await CallAsync(HttpMethod.Put, "/admin/repair/budget", budget);
        await UntilMovedAsync();
        var before = await LostAsync();
        var repaired = new Repaired(before.Records);
        await script.RunAsync("wipe", "4");
        await script.RunAsync("start", "4");
        await ReplaceVolumeAsync(before.Id, await NewVolumeAsync(before.Id));
        var cpu = servers.CpuSeconds();
        var began = TimeProvider.System.GetTimestamp();
        reads.Restart();
        while (true)
        {
            var health = await target.HealthAsync();
            var hadAll = repaired.HasAll;
            repaired.Look(health, VolumeFigures.In(health).Find(v => v.Name == Lost && v.Id != before.Id));
            if (repaired.HasAll && !hadAll)
            {
                SayReads(reads, name);
            }

            if (repaired.HasAll && health.GetProperty("under_replicated").GetInt64() == 0)
            {
                repaired.Ended(servers.CpuSeconds() - cpu, TimeProvider.System.GetElapsedTime(began));
                return repaired;
            }

            await Task.Delay(500);
        }
    }

    /// <summary>The new volume of the node takes the place of the one that is lost: docs/operations.md, "Replace a disk".</summary>
    private async Task ReplaceVolumeAsync(string lost, string made)
    {
        await ChangeAsync("add", made);
        await ChangeAsync("remove", lost);
        await CallAsync(HttpMethod.Post, "/admin/layout/apply", new { });
    }

    /// <summary>The API has to see the node again first.</summary>
    private async Task<string> NewVolumeAsync(string lost)
    {
        while (true)
        {
            if ((await StoredAsync()).Find(v => v.Name == Lost && v.Id.Length > 0 && v.Id != lost) is { } made)
            {
                return made.Id;
            }

            await Task.Delay(100);
        }
    }

    private async Task AddNodeAsync()
    {
        await script.RunAsync("add");
        await CallAsync(
            HttpMethod.Put,
            "/admin/repair/budget",
            new { bytes_per_second = 100_000_000_000, share = 1.0 }
        );
        await ChangeAsync("add", "5/1");
        var before = await StoredAsync();
        var began = TimeProvider.System.GetTimestamp();
        var plan = await CallAsync(HttpMethod.Post, "/admin/layout/apply", new { });
        await UntilMovedAsync();
        var took = TimeProvider.System.GetElapsedTime(began);
        await UntilWholeAsync();
        var fetched = (await StoredAsync()).Sum(v => v.Fetched) - before.Sum(v => v.Fetched);
        var least = plan.GetProperty("moves_min").GetInt64() * before.Sum(v => v.Bytes) / (3.0 * 16_384);
        Say();
        Say(
            "| rebalance to a fifth node | moves | at least | GB fetched | GB at least | ratio | s |\n|---|---|---|---|---|---|---|"
        );
        Say(
            string.Create(
                CultureInfo.InvariantCulture,
                $"| | {plan.GetProperty("moves")} | {plan.GetProperty("moves_min")} | {Gigabytes(fetched)} | {Gigabytes(least)} | {fetched / least:F3} | {took.TotalSeconds:F1} |"
            )
        );
    }

    private async Task UntilMovedAsync()
    {
        while (await MovesLeftAsync() > 0)
        {
            await Task.Delay(500);
        }
    }

    private async Task<int> MovesLeftAsync()
    {
        var moves = (await target.HealthAsync()).GetProperty("moves");
        return moves.GetProperty("under_way").GetInt32() + moves.GetProperty("waiting").GetInt32();
    }

    private async Task UntilWholeAsync()
    {
        while ((await target.HealthAsync()).GetProperty("under_replicated").GetInt64() > 0)
        {
            await Task.Delay(500);
        }
    }

    private Task<JsonElement> ChangeAsync(string operation, string volume) =>
        CallAsync(HttpMethod.Post, "/admin/layout/changes", new { operation, volume });

    private Task<JsonElement> CallAsync(HttpMethod method, string path, object? body) =>
        target.CallAsync(method, path, body, CancellationToken.None);

    private async Task<VolumeFigures> LostAsync() => (await StoredAsync()).Single(v => v.Name == Lost);

    private async Task<List<VolumeFigures>> StoredAsync() => VolumeFigures.In(await target.HealthAsync());

    private static void SayReads(SteadyReads reads, string name)
    {
        var (count, p50, p99) = reads.Measured();
        Say(
            string.Create(
                CultureInfo.InvariantCulture,
                $"| {name} | {count} | {p50.TotalMilliseconds:F2} | {p99.TotalMilliseconds:F2} |"
            )
        );
    }

    private static string Gigabytes(double bytes) => (bytes / 1e9).ToString("F2", CultureInfo.InvariantCulture);

    private static string Megabytes(double bytes) => (bytes / 1e6).ToString("F0", CultureInfo.InvariantCulture);

    private static void Say(string text = "") => Console.WriteLine(text);

    public void Dispose() => target.Dispose();
}
