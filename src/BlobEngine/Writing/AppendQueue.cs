namespace FileSharing.BlobEngine;

/// <summary>
/// What waits for the writer, bounded in bytes: who comes when it is full waits in line. Many threads put, one takes.
/// </summary>
internal sealed class AppendQueue(long bytesMax) : IDisposable
{
    private readonly Lock gate = new();
    private readonly Queue<AppendRequest> ready = new();
    private readonly Queue<(AppendRequest Request, TaskCompletionSource Admitted)> waiting = new();
    private readonly ManualResetEventSlim changed = new();
    private long bytes;
    private long wakeBytes;
    private int announced;
    private Exception? closedBy;

    /// <summary>Puts that have begun and will soon be here: worth lingering for.</summary>
    public bool IsMoreExpected => Volatile.Read(ref announced) > 0;

    /// <summary>Between this and <see cref="Retract"/> the caller must not wait for the writer.</summary>
    public void Announce() => Interlocked.Increment(ref announced);

    public void Retract() => Interlocked.Decrement(ref announced);

    /// <summary>Returns when the request is in the queue; from then on it is the writer's, whatever happens to the caller.</summary>
    public async ValueTask EnqueueAsync(AppendRequest request, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        TaskCompletionSource admitted;
        lock (gate)
        {
            if (closedBy is not null)
            {
                throw Closed(closedBy);
            }

            if (waiting.Count == 0 && Fits(request))
            {
                Admit(request);
                return;
            }

            admitted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.Enqueue((request, admitted));
        }

        await using (ct.UnsafeRegister(_ => admitted.TrySetCanceled(ct), null))
        {
            await admitted.Task;
        }
    }

    /// <summary>Blocks the writer's thread until there is something to take.</summary>
    /// <returns>False when the queue is closed and empty.</returns>
    public bool WaitForWork()
    {
        while (true)
        {
            lock (gate)
            {
                if (ready.Count > 0 || closedBy is not null)
                {
                    return ready.Count > 0;
                }

                changed.Reset();
                wakeBytes = 0;
            }

            changed.Wait();
        }
    }

    public bool HasWork
    {
        get
        {
            lock (gate)
            {
                return ready.Count > 0;
            }
        }
    }

    /// <summary>From here on <see cref="WaitForChange"/> waits for what has not happened yet.</summary>
    /// <param name="bytes">Requests that wait for less than this are no change: waking for each of them would cost more than it gains.</param>
    public void ExpectChange(long bytes)
    {
        lock (gate)
        {
            changed.Reset();
            wakeBytes = bytes;
        }
    }

    /// <summary>Blocks until enough waits, the queue was closed, or <see cref="Change"/> was called, since <see cref="ExpectChange"/>.</summary>
    public void WaitForChange() => changed.Wait();

    /// <summary>Wakes who waits for a change.</summary>
    public void Change() => changed.Set();

    /// <summary>Takes the first request, unless it needs more than <paramref name="room"/> bytes or may not be taken yet.</summary>
    public AppendRequest? TryTake(int room, Func<AppendRequest, bool> mayTake)
    {
        lock (gate)
        {
            if (ready.Count == 0 || ready.Peek().FrameBytes > room || !mayTake(ready.Peek()))
            {
                return null;
            }

            var request = ready.Dequeue();
            bytes -= request.FrameBytes;
            AdmitWaiting();
            return request;
        }
    }

    /// <summary>Lets in no more. Requests that are inside are still taken when <paramref name="drop"/> is false, else they fail.</summary>
    public void Close(Exception reason, bool drop)
    {
        lock (gate)
        {
            closedBy ??= reason;
            while (waiting.TryDequeue(out var late))
            {
                late.Admitted.TrySetException(Closed(reason));
            }

            while (drop && ready.TryDequeue(out var request))
            {
                request.Fail(Closed(reason));
            }

            changed.Set();
        }
    }

    public void Dispose() => changed.Dispose();

    private bool Fits(AppendRequest request) => ready.Count == 0 || bytes + request.FrameBytes <= bytesMax;

    private void Admit(AppendRequest request)
    {
        ready.Enqueue(request);
        bytes += request.FrameBytes;
        if (bytes >= wakeBytes)
        {
            changed.Set();
        }
    }

    private void AdmitWaiting()
    {
        while (waiting.TryPeek(out var next) && Fits(next.Request))
        {
            waiting.Dequeue();
            if (next.Admitted.TrySetResult())
            {
                Admit(next.Request);
            }
        }
    }

    /// <summary>A new exception for every caller: one object thrown by many threads mixes their stack traces.</summary>
    private static Exception Closed(Exception reason) =>
        reason is BlobException blob
            ? new BlobException(blob.Error, blob.Message, blob)
            : new ObjectDisposedException(nameof(BlobStore));
}
