namespace FileSharing.StorageNode;

/// <summary>What has to be done when something stops, in the opposite order of its start.</summary>
internal sealed class StopSteps : IAsyncDisposable
{
    private readonly List<Func<ValueTask>> steps = [];

    public void Add(Func<ValueTask> step) => steps.Add(step);

    /// <summary>Disposed then.</summary>
    public T Add<T>(T part)
        where T : class
    {
        steps.Add(() =>
        {
            if (part is IAsyncDisposable asynchronous)
            {
                return asynchronous.DisposeAsync();
            }

            ((IDisposable)part).Dispose();
            return ValueTask.CompletedTask;
        });
        return part;
    }

    /// <summary>Begins now; then it is cancelled, and waited for.</summary>
    public void AddDaemon(Func<CancellationToken, Task> run)
    {
        var stop = new CancellationTokenSource();
        var running = Task.Run(() => run(stop.Token));
        steps.Add(async () =>
        {
            await stop.CancelAsync();
            await running;
            stop.Dispose();
        });
    }

    /// <exception cref="AggregateException">Steps have failed; all were taken.</exception>
    public async ValueTask DisposeAsync()
    {
        var failures = new List<Exception>();
        for (var i = steps.Count - 1; i >= 0; i--)
        {
            try
            {
                await steps[i]();
            }
            catch (Exception error)
            {
                // The steps that follow close volumes: they are run whatever happened before.
                failures.Add(error);
            }
        }

        steps.Clear();
        if (failures.Count > 0)
        {
            throw new AggregateException("The node did not stop cleanly.", failures);
        }
    }
}
