using System.Collections.Concurrent;

namespace FileSharing.Load;

/// <summary>
/// Ranges of files read at a steady rate until disposed, whatever the answers take. Latency counts from the moment at which a read was due, so that reads which had to
/// wait in line are seen. A read that fails ends the run: no client may see that a node was lost.
/// </summary>
internal sealed class SteadyReads : IAsyncDisposable
{
    private readonly ConcurrentQueue<TimeSpan> latencies = new();
    private readonly CancellationTokenSource stop = new();
    private readonly Task running;

    public SteadyReads(double readsPerSecond, Func<int, CancellationToken, Task> read)
    {
        running = Task.Run(() => RunAsync(TimeSpan.FromSeconds(1 / readsPerSecond), read));
    }

    /// <summary>Forgets what was measured so far.</summary>
    public void Restart() => latencies.Clear();

    public (int Reads, TimeSpan P50, TimeSpan P99) Measured()
    {
        var sorted = latencies.Order().ToList();
        return (sorted.Count, sorted[sorted.Count / 2], sorted[(int)(sorted.Count * 0.99)]);
    }

    private async Task RunAsync(TimeSpan interval, Func<int, CancellationToken, Task> read)
    {
        var began = TimeProvider.System.GetTimestamp();
        var waiting = new HashSet<Task>();
        for (var number = 0; !stop.IsCancellationRequested; number++)
        {
            var due = number * interval;
            if (due - TimeProvider.System.GetElapsedTime(began) is { Ticks: > 0 } early)
            {
                await Task.Delay(early);
            }

            foreach (var over in waiting.Where(task => task.IsCompleted).ToList())
            {
                waiting.Remove(over);
                await over;
            }

            waiting.Add(MeasureAsync(number, began, due, read));
        }

        await Task.WhenAll(waiting);
    }

    private async Task MeasureAsync(int number, long began, TimeSpan due, Func<int, CancellationToken, Task> read)
    {
        await read(number, CancellationToken.None);
        latencies.Enqueue(TimeProvider.System.GetElapsedTime(began) - due);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        stop.Dispose();
    }
}
