namespace FileSharing.BlobEngine;

/// <summary>
/// Makes one batch after the other durable and known: room, write and sync, index, acknowledgement, in this order. One thread at a time.
/// It never repeats a failed write or sync, and what fails is thrown: the writer is poisoned by it.
/// </summary>
/// <param name="index">Where the facts of a batch are entered.</param>
/// <param name="log">Where it is written.</param>
/// <param name="pool">Of the volume.</param>
/// <param name="full">The error of a record that finds no room.</param>
internal sealed class BatchCommitter(
    ChunkIndex index,
    SegmentLog log,
    BufferPool pool,
    Func<Exception?, BlobException> full
) : IDisposable
{
    private readonly IndexUpdate update = index.BeginUpdate();
    private long batches;

    /// <summary>Written since opening.</summary>
    public long Batches => Volatile.Read(ref batches);

    public ulong NextSequence => log.NextSequence;

    /// <summary>What the index has, with every batch that was committed.</summary>
    public IndexEntry? Find(FileSharing.Chunks.ChunkId id) => update.Find(id);

    /// <summary>When it returns, the requests that had room have been acknowledged, the others refused, and what was to run between two batches has run.</summary>
    /// <param name="batch">Stated under <see cref="NextSequence"/>.</param>
    /// <param name="durable">Called between the index and the acknowledgements.</param>
    /// <returns>False when the disk was full for some of it.</returns>
    public bool Commit(PendingBatch batch, Action durable)
    {
        var hadRoom = TryReserve(batch);
        if (batch.Requests.Count > 0)
        {
            Write(batch, durable);
        }

        foreach (var request in batch.Work)
        {
            request.Work!(log, update);
            update.Commit();
            request.Succeed();
        }

        return hadRoom;
    }

    /// <summary>Ends the open segment with its directory, if there is one and room for it.</summary>
    public void SealWhenOpen()
    {
        if (!log.IsOpen || !log.TryReserveFooter())
        {
            return;
        }

        using var builder = new BatchBuilder(pool);
        Seal(builder);
    }

    private void Write(PendingBatch batch, Action durable)
    {
        var (offset, sequence) = log.Write(batch.Frames);
        foreach (var (request, frameOffset) in batch.Requests)
        {
            Apply(request, offset + frameOffset, sequence);
        }

        update.SetReplayPosition(log.Segment, log.Position);
        update.SetSequence(sequence);
        update.Commit();
        Interlocked.Increment(ref batches);
        durable();
        foreach (var (request, _) in batch.Requests)
        {
            request.Succeed();
        }

        if (log.IsFull && log.TryReserveFooter())
        {
            Seal(batch.Frames);
        }
    }

    /// <summary>Finds room for the batch; on a full disk for its notes at least, which make room in the end. What has none is refused and gone from the batch.</summary>
    private bool TryReserve(PendingBatch batch)
    {
        var hadRoom = true;
        while (batch.Requests.Count > 0)
        {
            try
            {
                log.Reserve(batch.Frames.Bytes);
                break;
            }
            catch (IOException error) when (DiskErrors.IsNoSpace(error))
            {
                hadRoom = false;
                DropRecords(batch, error);
            }
        }

        return hadRoom;
    }

    private void DropRecords(PendingBatch batch, IOException error)
    {
        var all = batch.Requests.Select(entry => entry.Request).ToList();
        var notes = all.Where(request => !request.IsRecord).ToList();
        if (notes.Count == all.Count)
        {
            notes.Clear();
        }

        foreach (var request in all.Except(notes))
        {
            request.Fail(full(error));
        }

        batch.Keep(notes);
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
            (byte)request.Header.KeyId,
            request.StateEpoch
        );
        log.Remember(entry);
        update.Apply(log.Segment, entry);
    }

    private void Seal(BatchBuilder builder)
    {
        var (segment, length) = log.Seal(builder);
        update.SetReplayPosition(segment, length);
        update.SetSequence(log.NextSequence - 1);
        update.Commit();
        // So that no more than the open segment has to be replayed after a crash. On a full disk it is more.
        _ = index.TryFlush();
    }

    public void Dispose() => update.Dispose();
}
