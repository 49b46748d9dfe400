namespace FileSharing.BlobEngine;

/// <summary>
/// The one writer of a volume: takes what waits, writes it as one batch with one sync, enters it into the index, and only then acknowledges.
/// It never repeats a failed write or sync: after one the pages it thinks written may be gone, so the volume stays read-only until it is opened again.
/// </summary>
internal sealed class SegmentWriter : IDisposable
{
    /// <summary>The index is flushed after so many sealed segments, so that a replay is short.</summary>
    private const int SegmentsPerFlush = 4;

    private readonly VolumeOptions options;
    private readonly IDisk disk;
    private readonly TimeProvider time;
    private readonly ChunkIndex index;
    private readonly SegmentLog log;
    private readonly AppendQueue queue;
    private readonly BatchBuilder builder;
    private readonly IndexUpdate update;
    private readonly List<(AppendRequest Request, int FrameOffset)> taken = [];
    private readonly List<AppendRequest> work = [];
    private readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long batches;
    private int sealedSinceFlush;
    private volatile VolumeCondition condition = VolumeCondition.Writable;

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
        this.time = time;
        this.index = index;
        this.log = log;
        queue = new AppendQueue(options.AppendQueueBytesMax);
        builder = new BatchBuilder(pool);
        update = index.BeginUpdate();
        RefreshCondition();
        var thread = new Thread(Run) { IsBackground = true, Name = "segment writer" };
        thread.Start();
    }

    public VolumeCondition Condition => condition;

    public long Batches => Volatile.Read(ref batches);

    public AppendQueue Queue => queue;

    /// <summary>Appends, and returns when the fact is durable and in the index.</summary>
    public async ValueTask AppendAsync(AppendRequest request, CancellationToken ct)
    {
        await queue.EnqueueAsync(request, ct);
        // From here on the record's memory is the writer's, so there is no leaving early.
        await request.Completion;
    }

    /// <summary>Ends the open segment with its directory, if there is one; on a full disk it may stay open.</summary>
    /// <exception cref="BlobException"><see cref="BlobError.WriterPoisoned"/>.</exception>
    public ValueTask SealAsync(CancellationToken ct) => RunAsync((_, _) => SealWhenOpen(), ct);

    /// <summary>Runs something on the writer's thread between two batches; what it changes in the index is committed when this returns.</summary>
    /// <inheritdoc cref="SealAsync"/>
    public ValueTask RunAsync(Action<SegmentLog, IndexUpdate> action, CancellationToken ct) =>
        AppendAsync(new AppendRequest(action), ct);

    /// <summary>Takes no more requests, writes those inside, and returns when the thread has ended.</summary>
    /// <returns>False when the writer is poisoned: what is on disk behind the last acknowledged batch is not known.</returns>
    public async Task<bool> StopAsync()
    {
        queue.Close(new ObjectDisposedException(nameof(BlobStore)), drop: false);
        await stopped.Task;
        return condition != VolumeCondition.Poisoned;
    }

    private void Run()
    {
        try
        {
            while (queue.WaitForWork())
            {
                RefreshCondition();
                Take();
                WriteBatch();
                Work();
            }
        }
#pragma warning disable CA1031 // Whatever broke the thread, those who wait must hear of it.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Poison(error);
        }

        stopped.SetResult();
    }

    private void Take()
    {
        builder.Clear();
        taken.Clear();
        work.Clear();
        TakeReady();
        var began = time.GetTimestamp();
        while (queue.IsMoreExpected && builder.Room > 0 && time.GetElapsedTime(began) < options.Linger)
        {
            Thread.Yield();
            TakeReady();
        }
    }

    private void TakeReady()
    {
        while (queue.TryTake(builder.Room) is { } request)
        {
            if (request.Work is not null)
            {
                work.Add(request);
                continue;
            }

            // Moving records is what makes room, so it may use what is kept free.
            if (request is { IsRecord: true, Moved: null } && condition == VolumeCondition.Full)
            {
                request.Fail(Full());
                continue;
            }

            if (request.Moved is { } moved && update.Find(request.Header.Id) != moved)
            {
                // Overtaken by a put, a delete or a note: a copy of what was must not become what is.
                request.Succeed();
                continue;
            }

            taken.Add((request, AddFrame(request)));
        }
    }

    private int AddFrame(AppendRequest request)
    {
        var origin = log.NextSequence;
        if (!request.IsRecord)
        {
            builder.AddNote(request.Note, origin);
            return 0;
        }

        return builder.AddRecord(request.Record.Span, request.Flags, request.Options.TouchEpoch, origin);
    }

    private void WriteBatch()
    {
        if (!TryReserve())
        {
            return;
        }

        var (offset, sequence) = log.Write(builder);
        foreach (var (request, frameOffset) in taken)
        {
            Apply(request, offset + frameOffset, sequence);
        }

        update.SetReplayPosition(log.Segment, log.Position);
        update.SetSequence(sequence);
        update.Commit();
        Interlocked.Increment(ref batches);
        foreach (var (request, _) in taken)
        {
            request.Succeed();
        }

        if (log.IsFull)
        {
            SealWhenOpen();
        }
    }

    private void Work()
    {
        foreach (var request in work)
        {
            request.Work!(log, update);
            update.Commit();
            request.Succeed();
        }
    }

    private void SealWhenOpen()
    {
        if (log.IsOpen && log.TryReserveFooter())
        {
            Seal();
        }
    }

    /// <summary>Finds room for the batch; on a full disk for its notes at least, which make room in the end.</summary>
    private bool TryReserve()
    {
        while (taken.Count > 0)
        {
            try
            {
                log.Reserve(builder.Bytes);
                return true;
            }
            catch (IOException error) when (DiskErrors.IsNoSpace(error))
            {
                condition = VolumeCondition.Full;
                DropRecords(error);
            }
        }

        return false;
    }

    private void DropRecords(IOException error)
    {
        var notes = taken.Where(entry => !entry.Request.IsRecord).ToList();
        if (notes.Count == taken.Count)
        {
            notes.Clear();
        }

        foreach (var (request, _) in taken.Except(notes))
        {
            request.Fail(Full(error));
        }

        builder.Clear();
        taken.Clear();
        foreach (var (request, _) in notes)
        {
            taken.Add((request, AddFrame(request)));
        }
    }

    private void Apply(AppendRequest request, long frameOffset, ulong sequence)
    {
        if (!request.IsRecord)
        {
            log.Remember(new StatedNote(request.Note, sequence));
            update.Apply(request.Note);
            return;
        }

        var entry = new DirectoryEntry(
            request.Header.Id,
            frameOffset,
            request.Record.Length,
            request.Header.Kind,
            request.Flags,
            request.Options.TouchEpoch,
            sequence,
            (byte)request.Header.KeyId
        );
        log.Remember(entry);
        update.Apply(log.Segment, entry);
    }

    private void Seal()
    {
        var (segment, length) = log.Seal(builder);
        update.SetReplayPosition(segment, length);
        update.SetSequence(log.NextSequence - 1);
        update.Commit();
        if (++sealedSinceFlush >= SegmentsPerFlush && index.TryFlush())
        {
            sealedSinceFlush = 0;
        }
    }

    private void RefreshCondition() =>
        condition =
            disk.FreeBytes(options.Path) < options.FreeBytesMin ? VolumeCondition.Full : VolumeCondition.Writable;

    private void Poison(Exception error)
    {
        condition = VolumeCondition.Poisoned;
        var reason = new BlobException(
            BlobError.WriterPoisoned,
            $"A write to {options.Path} failed, so the volume is read-only until it is opened again: {error.Message}",
            error
        );
        foreach (var request in taken.Select(entry => entry.Request).Concat(work))
        {
            request.Fail(new BlobException(reason.Error, reason.Message, reason));
        }

        queue.Close(reason, drop: true);
    }

    private BlobException Full(Exception? cause = null) =>
        new(BlobError.VolumeFull, $"Less than {options.FreeBytesMin} bytes are free for {options.Path}.", cause);

    /// <summary>Only after the thread has ended.</summary>
    public void Dispose()
    {
        queue.Dispose();
        update.Dispose();
        builder.Dispose();
    }
}
