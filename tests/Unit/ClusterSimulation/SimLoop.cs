namespace FileSharing.UnitTests.ClusterSimulation;

/// <summary>
/// One thread and a clock of its own: whatever is awaited goes on here, in an order that depends on nothing but what the program and the seed say. What leaves the thread
/// ends the run: it could not be replayed.
/// </summary>
internal sealed class SimLoop : SynchronizationContext
{
    private readonly int thread = Environment.CurrentManagedThreadId;
    private readonly Queue<(SendOrPostCallback Callback, object? State)> ready = new();
    private readonly PriorityQueue<Action, (long At, long Number)> later = new();
    private long numbered;
    private volatile Exception? failure;

    /// <summary>Ticks since the beginning.</summary>
    public long Now { get; private set; }

    public TimeSpan Elapsed => TimeSpan.FromTicks(Now);

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (Environment.CurrentManagedThreadId == thread)
        {
            ready.Enqueue((d, state));
        }
        else
        {
            failure ??= new InvalidOperationException(
                $"Something left the thread of the simulation:\n{Environment.StackTrace}"
            );
        }
    }

    public override SynchronizationContext CreateCopy() => this;

    public void At(long at, Action action) => later.Enqueue(action, (Math.Max(at, Now), numbered++));

    public void After(TimeSpan delay, Action action) => At(Now + delay.Ticks, action);

    /// <summary>Begins something that goes on by itself. An exception of it ends the run.</summary>
    public void Begin(Func<Task> work)
    {
        _ = RunAsync();

        async Task RunAsync()
        {
            try
            {
                await work();
            }
#pragma warning disable CA1031 // It is the outcome of the run.
            catch (Exception error)
#pragma warning restore CA1031
            {
                failure ??= error;
            }
        }
    }

    /// <summary>Runs until this time.</summary>
    /// <exception cref="SimulationException">Something failed.</exception>
    public void RunUntil(TimeSpan end)
    {
        var isOver = false;
        At(end.Ticks, () => isOver = true);
        var outer = Current;
        SetSynchronizationContext(this);
        try
        {
            while (!isOver && failure is null)
            {
                Step();
            }
        }
        finally
        {
            SetSynchronizationContext(outer);
        }

        if (failure is not null)
        {
            throw new SimulationException($"{failure.Message} (after {Elapsed})", failure);
        }
    }

    private void Step()
    {
        if (ready.TryDequeue(out var next))
        {
            next.Callback(next.State);
        }
        else if (later.TryDequeue(out var action, out var due))
        {
            Now = due.At;
            action();
        }
    }
}

/// <summary>A rule was broken.</summary>
public sealed class SimulationException(string message, Exception? cause = null) : Exception(message, cause);
