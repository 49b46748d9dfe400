using System.Globalization;
using FileSharing.Load;

// usage: load --data DIR --port N [--seconds 8] [--seed S]
// Drives a running deploy/cluster and prints a Markdown table. benchmarks/run load starts and stops the cluster.
var options = args.Chunk(2).ToDictionary(pair => pair[0], pair => pair[1]);
var data = options["--data"];
var port = int.Parse(options["--port"], CultureInfo.InvariantCulture);
var seconds = double.Parse(options.GetValueOrDefault("--seconds", "8"), CultureInfo.InvariantCulture);
var seed = int.Parse(options.GetValueOrDefault("--seed", "1"), CultureInfo.InvariantCulture);

using var target = await Target.OpenAsync(data, port);
var servers = new ServerProcesses(data);
var runner = new Runner(servers, TimeSpan.FromSeconds(seconds));
Console.WriteLine(Result.Head);

var random = new Content(seed);
foreach (var (name, bytes, concurrency) in new[] { ("4 KiB", 4 << 10, 16), ("1 MiB", 1 << 20, 8) })
{
    var chunks = new ChunkLoad(target, random, bytes);
    Console.WriteLine(await runner.RunAsync($"PUT {name}", concurrency, bytes, chunks.PutAsync));
    Console.WriteLine(await runner.RunAsync($"GET {name}", concurrency, bytes, chunks.GetAsync));
}

const int large = 64 << 20;
var files = new FileLoad(target, random, large);
Console.WriteLine(await runner.RunAsync("PUT 64 MiB", 2, large, files.PutAsync));
Console.WriteLine(await runner.RunAsync("GET 64 MiB", 2, large, files.GetAsync));
const int range = 64 << 10;
Console.WriteLine(await runner.RunAsync("GET 64 KiB of 64 MiB", 8, range, (worker, stop) => files.GetRangeAsync(worker, range, stop)));
Console.WriteLine();
Console.WriteLine(servers.PeakTable());
