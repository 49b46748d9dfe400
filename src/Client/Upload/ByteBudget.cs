namespace FileSharing.Client.Upload;

/// <summary>
/// A bound on bytes of memory held at one time. Who waits is served in order, so a large request is not starved by small ones.
/// </summary>
internal sealed class ByteBudget
{
    private readonly Lock gate = new();
    private readonly LinkedList<(long Bytes, TaskCompletionSource Ready)> waiting = new();
    private readonly long capacity;
    private long free;

    /// <param name="capacity">Bytes.</param>
    public ByteBudget(long capacity)
    {
        this.capacity = capacity;
        free = capacity;
    }

    /// <summary>Takes the bytes when they are free and nobody waits for them.</summary>
    public bool TryTake(long bytes)
    {
        lock (gate)
        {
            if (waiting.Count > 0 || Cost(bytes) > free)
            {
                return false;
            }

            free -= Cost(bytes);
            return true;
        }
    }

    /// <summary>Waits until the bytes are free. A request above the capacity takes all of it, so that it is served at last.</summary>
    public async Task TakeAsync(long bytes, CancellationToken cancellation)
    {
        if (TryTake(bytes))
        {
            return;
        }

        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        LinkedListNode<(long, TaskCompletionSource)> place;
        lock (gate)
        {
            place = waiting.AddLast((Cost(bytes), ready));
            ServeWaiting();
        }

        using var registration = cancellation.Register(() => Leave(place, ready, cancellation));
        await ready.Task;
    }

    public void Give(long bytes)
    {
        lock (gate)
        {
            free += Cost(bytes);
            ServeWaiting();
        }
    }

    private long Cost(long bytes) => Math.Min(bytes, capacity);

    private void ServeWaiting()
    {
        while (waiting.First is { } first && first.Value.Bytes <= free)
        {
            waiting.RemoveFirst();
            free -= first.Value.Bytes;
            first.Value.Ready.SetResult();
        }
    }

    private void Leave(
        LinkedListNode<(long, TaskCompletionSource)> place,
        TaskCompletionSource ready,
        CancellationToken cancellation
    )
    {
        lock (gate)
        {
            if (place.List is null)
            {
                return; // Served already: the bytes are the caller's.
            }

            waiting.Remove(place);
            ServeWaiting();
        }

        ready.SetCanceled(cancellation);
    }
}
