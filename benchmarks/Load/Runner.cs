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
internal sealed class Runner(ServerProcesses servers, TimeSpan warmUp, TimeSpan duration)
{
    public async Task<Result> RunAsync(
        string name,
        int concurrency,
        long bytes,
        Func<int, CancellationToken, Task<TimeSpan>> operation
    )
    {
        // Unmeasured at first: a server that has just started measures its compiler.
        await RepeatAsync(concurrency, warmUp, operation, _ => { });

        var latencies = new ConcurrentBag<TimeSpan>();
        var cpuBefore = servers.CpuSeconds();
        var clientBefore = Environment.CpuUsage.TotalTime;
        var begin = TimeProvider.System.GetTimestamp();
        await RepeatAsync(concurrency, duration, operation, latencies.Add);
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

    /// <summary>Each worker at least once.</summary>
    private static Task RepeatAsync(
        int concurrency,
        TimeSpan duration,
        Func<int, CancellationToken, Task<TimeSpan>> operation,
        Action<TimeSpan> done
    )
    {
        var begin = TimeProvider.System.GetTimestamp();
        return Task.WhenAll(Enumerable.Range(0, concurrency).Select(worker => Task.Run(() => WorkAsync(worker))));

        async Task WorkAsync(int worker)
        {
            do
            {
                done(await operation(worker, CancellationToken.None));
            } while (TimeProvider.System.GetElapsedTime(begin) < duration);
        }
    }
}
