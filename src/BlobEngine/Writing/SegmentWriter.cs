namespace FileSharing.BlobEngine;

/// <summary>
/// The writer of a volume: takes what waits, writes it as one batch with one sync, enters it into the index, and only then acknowledges.
/// It never repeats a failed write or sync: after one the pages it thinks written may be gone, so the volume stays read-only until it is opened again.
/// </summary>
/// <remarks>
/// Two threads, each with a batch of its own, take turns: while one commits, the other collects the next batch, so that copying and hashing overlap with the disk.
/// A batch is written only after the one before it has been synced, entered and acknowledged. Without threads (<see cref="VolumeOptions.WritesOnCaller"/>) whoever appends
/// takes the turn.
/// </remarks>
internal sealed class SegmentWriter : IDisposable
{
    /// <summary>So much is copied into the next batch while the one before it is still being committed; less is copied quickly enough in its turn.</summary>
    private const int CollectAheadBytes = 256 << 10;

    private readonly VolumeOptions options;
    private readonly IDisk disk;
    private readonly BufferPool pool;
    private readonly AppendQueue queue;
    private readonly BatchCommitter committer;
    private readonly LingerPolicy linger;
    private readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Who collects holds the first, who commits the second; the second is taken before the first is left, so batches are committed in the order in which they were collected.
    private readonly Lock collecting = new();
    private readonly Lock committing = new();
    private ulong likelySequence;
    private readonly PendingBatch? callersBatch;
    private int inside;
    private int running = 2;
    private volatile bool isFull;
    private volatile bool isShort;
    private volatile BlobException? poison;

    public SegmentWriter(
        VolumeOptions options,
        IDisk disk,
        TimeProvider time,
        BufferPool pool,
        ChunkIndex index,
        SegmentLog log
    )
    {
        this.options = options;
        this.disk = disk;
        this.pool = pool;
        queue = new AppendQueue(options.AppendQueueBytesMax);
        committer = new BatchCommitter(index, log, pool, Full);
        linger = new LingerPolicy(options.Linger, time);
        likelySequence = log.NextSequence;
        RefreshCondition();
        if (options.WritesOnCaller)
        {
            callersBatch = new PendingBatch(pool);
            running = 0;
            stopped.SetResult();
        }

        for (var i = 0; i < running; i++)
        {
            new Thread(Run) { IsBackground = true, Name = "segment writer" }.Start();
        }
    }

    public VolumeCondition Condition =>
        poison is not null ? VolumeCondition.Poisoned
        : isFull ? VolumeCondition.Full
        : VolumeCondition.Writable;

    public long Batches => committer.Batches;

    public AppendQueue Queue => queue;

    /// <summary>Appends, and returns when the fact is durable and in the index.</summary>
    public async ValueTask AppendAsync(AppendRequest request, CancellationToken ct)
    {
        Interlocked.Increment(ref inside);
        try
        {
            await queue.EnqueueAsync(request, ct);
            WriteOnCaller();
            // From here on the record's memory is the writer's, so there is no leaving early.
            await request.Completion;
        }
        finally
        {
            Interlocked.Decrement(ref inside);
        }
    }

    /// <summary>Ends the open segment with its directory, if there is one; on a full disk it may stay open.</summary>
    /// <exception cref="BlobException"><see cref="BlobError.WriterPoisoned"/>.</exception>
    public ValueTask SealAsync(CancellationToken ct) =>
        AppendAsync(new AppendRequest((_, _) => committer.SealWhenOpen()), ct);

    /// <summary>Runs something between two batches, where index and log agree; what it changes in the index is committed when this returns.</summary>
    /// <inheritdoc cref="SealAsync"/>
    public ValueTask RunAsync(Action<SegmentLog, IndexUpdate> action, CancellationToken ct) =>
        AppendAsync(new AppendRequest(action), ct);

    /// <summary>Takes no more requests, writes those inside, and returns when the threads have ended.</summary>
    /// <returns>False when the writer is poisoned: what is on disk behind the last acknowledged batch is not known.</returns>
    public async Task<bool> StopAsync()
    {
        queue.Close(new ObjectDisposedException(nameof(BlobStore)), drop: false);
        await stopped.Task;
        return poison is null;
    }

    private void Run()
    {
        using (var batch = new PendingBatch(pool))
        {
            WriteBatches(batch, isMore: () => true);
        }

        if (Interlocked.Decrement(ref running) == 0)
        {
            stopped.SetResult();
        }
    }

    private void WriteOnCaller()
    {
        if (callersBatch is not null)
        {
            WriteBatches(callersBatch, isMore: () => queue.HasWork);
        }
    }

    private void WriteBatches(PendingBatch batch, Func<bool> isMore)
    {
        try
        {
            while (isMore() && Collect(batch))
            {
                Commit(batch);
            }
        }
#pragma warning disable CA1031 // Whatever broke the thread, those who wait must hear of it.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Poison(error, batch);
            LeaveTurn();
        }
    }

    /// <summary>Fills the batch until it is its turn to be committed, and a little longer where that is worth it.</summary>
    /// <returns>True with <see cref="committing"/> held; false when there is nothing to come.</returns>
    private bool Collect(PendingBatch batch)
    {
        lock (collecting)
        {
            batch.Begin(likelySequence);
            if (!WaitForTurn(batch))
            {
                return false;
            }

            linger.Begin();
            do
            {
                TakeReady(batch, isTurn: true);
            } while (MayGrow(batch));

            linger.End(batch.Requests.Count, batch.Frames.Bytes);
            batch.StateUnder(committer.NextSequence);
            likelySequence = batch.Sequence + 1;
            return true;
        }
    }

    /// <summary>Collects what is large until there is something to commit and it is this batch's turn.</summary>
    /// <returns>True with <see cref="committing"/> held; false when there is nothing to come.</returns>
    private bool WaitForTurn(PendingBatch batch)
    {
        while (true)
        {
            queue.ExpectChange(CollectAheadBytes);
            TakeReady(batch, isTurn: false);
            if (!committing.TryEnter())
            {
                queue.WaitForChange();
            }
            else if (batch.HasWork || queue.HasWork)
            {
                return true;
            }
            else
            {
                committing.Exit();
                if (!queue.WaitForWork())
                {
                    return false;
                }
            }
        }
    }

    private bool MayGrow(PendingBatch batch)
    {
        if (!linger.IsWorthwhile(batch.Requests.Count, batch.Frames.Bytes, queue.IsMoreExpected))
        {
            return false;
        }

        Thread.Yield();
        return true;
    }

    private void TakeReady(PendingBatch batch, bool isTurn)
    {
        if (!queue.HasWork)
        {
            return;
        }

        RefreshCondition();
        while (queue.TryTake(batch.Frames.Room, request => isTurn || request.Moved is null) is { } request)
        {
            if (request.Work is not null)
            {
                batch.AddWork(request);
                continue;
            }

            if (IsRefused(request))
            {
                request.Fail(Full(cause: null));
                continue;
            }

            // Only in its turn: until then the batch before this one may still change the index.
            if (request.Moved is { } moved && committer.Find(request.Header.Id) != moved)
            {
                // Overtaken by a put, a delete or a note: a copy of what was must not become what is.
                request.Succeed();
                continue;
            }

            batch.Add(request);
        }
    }

    private void Commit(PendingBatch batch)
    {
        try
        {
            if (poison is { } reason)
            {
                Fail(batch, reason);
            }
            else if (!committer.Commit(batch, () => linger.Expect(Volatile.Read(ref inside))))
            {
                isFull = true;
            }
        }
#pragma warning disable CA1031 // As in Run; and the other thread must know before it has the turn.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Poison(error, batch);
        }
        finally
        {
            LeaveTurn();
        }
    }

    private void LeaveTurn()
    {
        if (committing.IsHeldByCurrentThread)
        {
            committing.Exit();
            queue.Change();
        }
    }

    private void RefreshCondition()
    {
        var free = disk.FreeBytes(options.Path);
        isFull = free < options.FreeBytesMin;
        isShort = free < options.FreeBytesMin / 2;
    }

    /// <summary>
    /// What is kept free is for what makes room. Stamps may use half of it, so that clients go on finding what they need not send; by them alone nothing becomes
    /// free, and there is no end to them. Deletes, and marks that are set once, may use all of it, as compaction does.
    /// </summary>
    private bool IsRefused(AppendRequest request) =>
        !request.MakesRoom && ((request.IsRecord && isFull) || (request.IsStamp && isShort));

    private void Poison(Exception error, PendingBatch batch)
    {
        var reason = new BlobException(
            BlobError.WriterPoisoned,
            $"A write to {options.Path} failed, so the volume is read-only until it is opened again: {error.Message}",
            error
        );
        poison = reason;
        queue.Close(reason, drop: true);
        Fail(batch, reason);
    }

    private static void Fail(PendingBatch batch, BlobException reason)
    {
        foreach (var request in batch.Requests.Select(entry => entry.Request).Concat(batch.Work))
        {
            request.Fail(new BlobException(reason.Error, reason.Message, reason));
        }
    }

    private BlobException Full(Exception? cause) =>
        new(BlobError.VolumeFull, $"Less than {options.FreeBytesMin} bytes are free for {options.Path}.", cause);

    /// <summary>Only after the threads have ended.</summary>
    public void Dispose()
    {
        callersBatch?.Dispose();
        queue.Dispose();
        committer.Dispose();
    }
}
