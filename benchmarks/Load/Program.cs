using System.Globalization;
using FileSharing.Load;

// usage: load --data DIR --port N [--seconds 8] [--warm-up 5] [--seed S] [--size "64 MiB"]
//        load --data DIR --port N --slow-node yes [--nodes 3] [--seconds 8] [--seed S]
//        load --data DIR --port N --repair SCRIPT [--gigabytes 5] [--seconds 8] [--reads 50] [--seed S]
// Drives a running deploy/cluster and prints a Markdown table. benchmarks/run load, slow-node and repair start and stop the cluster; SCRIPT is deploy/cluster.
var options = args.Chunk(2).ToDictionary(pair => pair[0], pair => pair[1]);
var data = options["--data"];
var port = int.Parse(options["--port"], CultureInfo.InvariantCulture);
var seconds = double.Parse(options.GetValueOrDefault("--seconds", "8"), CultureInfo.InvariantCulture);
var warmUp = double.Parse(options.GetValueOrDefault("--warm-up", "5"), CultureInfo.InvariantCulture);
var seed = int.Parse(options.GetValueOrDefault("--seed", "1"), CultureInfo.InvariantCulture);
var size = options.GetValueOrDefault("--size", "");

var nodes = int.Parse(options.GetValueOrDefault("--nodes", "3"), CultureInfo.InvariantCulture);
var servers = new ServerProcesses(data);
if (options.ContainsKey("--slow-node"))
{
    await SlowNode.CompareAsync(data, port, nodes, servers, new Content(seed), TimeSpan.FromSeconds(seconds));
    return;
}

if (options.TryGetValue("--repair", out var script))
{
    var gigabytes = double.Parse(options.GetValueOrDefault("--gigabytes", "5"), CultureInfo.InvariantCulture);
    var reads = double.Parse(options.GetValueOrDefault("--reads", "50"), CultureInfo.InvariantCulture);
    using var cluster = await RepairRun.OpenAsync(data, port, new ClusterScript(script, data), servers);
    await cluster.RunAsync(gigabytes, reads, TimeSpan.FromSeconds(seconds), new Content(seed));
    return;
}

using var target = await Target.OpenAsync(data, port, nodes);
var runner = new Runner(servers, TimeSpan.FromSeconds(warmUp), TimeSpan.FromSeconds(seconds));
Console.WriteLine(Result.Head);

var random = new Content(seed);
foreach (var (name, bytes, concurrency) in new[] { ("4 KiB", 4 << 10, 16), ("1 MiB", 1 << 20, 8) })
{
    var chunks = new ChunkLoad(target, random, bytes);
    await MeasureAsync($"PUT {name}", concurrency, bytes, chunks.PutAsync);
    await MeasureAsync($"GET {name}", concurrency, bytes, chunks.GetAsync);
}

const int large = 64 << 20;
const int range = 64 << 10;
var files = new FileLoad(target, random, large);
await MeasureAsync("PUT 64 MiB", 2, large, files.PutAsync);
await MeasureAsync("GET 64 MiB, cold", 2, large, files.GetAsync);
await files.WarmAsync();
await MeasureAsync("GET 64 MiB, warm", 2, large, files.GetAsync);
await MeasureAsync("GET 64 KiB of 64 MiB", 8, range, (worker, stop) => files.GetRangeAsync(worker, range, stop));
Console.WriteLine();
Console.WriteLine(servers.PeakTable());

// A GET reads what the PUT before it stored, so a selection names sizes, not verbs.
async Task MeasureAsync(
    string name,
    int concurrency,
    long bytes,
    Func<int, CancellationToken, Task<TimeSpan>> operation
)
{
    if (name.Contains(size, StringComparison.Ordinal))
    {
        Console.WriteLine(await runner.RunAsync(name, concurrency, bytes, operation));
    }
}
