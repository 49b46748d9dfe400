namespace FileSharing.StorageNode;

/// <summary>
/// A bound in bytes on what a kind of work may hold in memory. Each request reserves once, for all that it will need, before it reads its body: so no
/// two requests can wait for each other's second half. First come, first served. Thread-safe.
/// </summary>
internal sealed class ByteBudget(long bytesMax, TimeProvider time)
{
    /// <summary>Requests in line; beyond, they are turned away at once.</summary>
    private const int WaitersMax = 4_096;

    private readonly Lock gate = new();
    private readonly LinkedList<Waiter> waiters = new();
    private long used;

    private sealed class Waiter(long bytes)
    {
        public long Bytes { get; } = bytes;
        public TaskCompletionSource Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>What is reserved at present.</summary>
    public long Used => Interlocked.Read(ref used);

    /// <returns>Null when the room did not come within <paramref name="patience"/>: answer 503.</returns>
    public async ValueTask<Reservation?> ReserveAsync(
        long bytes,
        TimeSpan patience,
        CancellationToken cancellationToken
    )
    {
        // A request larger than the whole budget gets all of it, alone.
        var wanted = Math.Min(bytes, bytesMax);
        Waiter waiter;
        lock (gate)
        {
            if (waiters.Count == 0 && used + wanted <= bytesMax)
            {
                used += wanted;
                return new Reservation(this, wanted);
            }

            if (waiters.Count >= WaitersMax)
            {
                return null;
            }

            waiter = new Waiter(wanted);
            waiters.AddLast(waiter);
        }

        try
        {
            await waiter.Granted.Task.WaitAsync(patience, time, cancellationToken);
            return new Reservation(this, wanted);
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            if (!TryLeave(waiter))
            {
                Release(wanted);
            }

            cancellationToken.ThrowIfCancellationRequested();
            return null;
        }
    }

    /// <summary>False when the room was granted in the meantime.</summary>
    private bool TryLeave(Waiter waiter)
    {
        lock (gate)
        {
            var left = waiters.Remove(waiter);
            GrantWaiting();
            return left;
        }
    }

    private void Release(long bytes)
    {
        lock (gate)
        {
            used -= bytes;
            GrantWaiting();
        }
    }

    private void GrantWaiting()
    {
        while (waiters.First is { } first && used + first.Value.Bytes <= bytesMax)
        {
            waiters.RemoveFirst();
            used += first.Value.Bytes;
            first.Value.Granted.TrySetResult();
        }
    }

    /// <summary>Room held until disposed; parts may go back earlier.</summary>
    internal sealed class Reservation(ByteBudget budget, long bytes) : IDisposable
    {
        private long left = bytes;

        public void Dispose()
        {
            var rest = Interlocked.Exchange(ref left, 0);
            if (rest > 0)
            {
                budget.Release(rest);
            }
        }
    }
}
