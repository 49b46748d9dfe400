using System.Collections.Concurrent;
using System.Globalization;

namespace FileSharing.Load;

/// <summary>One line of the table.</summary>
internal sealed record Result(
    string Name,
    int Concurrency,
    int Operations,
    double Seconds,
    long Bytes,
    double ServerCpuSeconds,
    double ClientCpuSeconds,
    TimeSpan P50,
    TimeSpan P99
)
{
    public const string Head =
        "| operation | c | op/s | MiB/s | p50 ms | p99 ms | server CPU-s/GiB | server CPU ms/op | client CPU-s/GiB |\n|---|---|---|---|---|---|---|---|---|";

    public override string ToString()
    {
        var gibibytes = Bytes / (double)(1 << 30);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {Name} | {Concurrency} | {Operations / Seconds:F0} | {Bytes / Seconds / (1 << 20):F0} | {P50.TotalMilliseconds:F2} | {P99.TotalMilliseconds:F2} | {ServerCpuSeconds / gibibytes:F2} | {ServerCpuSeconds * 1000 / Operations:F3} | {ClientCpuSeconds / gibibytes:F2} |"
        );
    }
}

/// <summary>Closed loop: so many workers, each with one request at a time. A failed request ends the run: figures of errors are worth nothing.</summary>
internal sealed class Runner(ServerProcesses servers, TimeSpan duration)
{
    private const int WarmUpOperations = 32;

    public async Task<Result> RunAsync(
        string name,
        int concurrency,
        long bytes,
        Func<int, CancellationToken, Task<TimeSpan>> operation
    )
    {
        var warmUp = 0;
        await ForEachWorkerAsync(
            concurrency,
            async worker =>
            {
                while (Interlocked.Add(ref warmUp, 1) <= Math.Max(concurrency, bytes > 1 << 20 ? 2 : WarmUpOperations))
                {
                    await operation(worker, CancellationToken.None);
                }
            }
        );

        var latencies = new ConcurrentBag<TimeSpan>();
        var cpuBefore = servers.CpuSeconds();
        var clientBefore = Environment.CpuUsage.TotalTime;
        var begin = TimeProvider.System.GetTimestamp();
        await ForEachWorkerAsync(
            concurrency,
            async worker =>
            {
                while (TimeProvider.System.GetElapsedTime(begin) < duration)
                {
                    latencies.Add(await operation(worker, CancellationToken.None));
                }
            }
        );
        var took = TimeProvider.System.GetElapsedTime(begin);
        var sorted = latencies.Order().ToList();
        return new Result(
            name,
            concurrency,
            sorted.Count,
            took.TotalSeconds,
            sorted.Count * bytes,
            servers.CpuSeconds() - cpuBefore,
            (Environment.CpuUsage.TotalTime - clientBefore).TotalSeconds,
            sorted[sorted.Count / 2],
            sorted[(int)(sorted.Count * 0.99)]
        );
    }

    private static Task ForEachWorkerAsync(int workers, Func<int, Task> work) =>
        Task.WhenAll(Enumerable.Range(0, workers).Select(worker => Task.Run(() => work(worker))));
}
