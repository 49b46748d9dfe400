using System.Buffers;
using FileSharing.Chunks;
using FileSharing.Chunks.Keys;

namespace FileSharing.BlobEngine;

/// <summary>
/// One open volume: stores records, finds them, reads them, and remembers who still owes a copy. Everything is thread-safe.
/// What a method reports as done is on stable storage when it returns.
/// </summary>
/// <remarks>Bytes on disk: docs/segment-format.md.</remarks>
public sealed partial class BlobStore : IAsyncDisposable
{
    /// <summary>Stored copies that one batch of adoptions verifies at a time: bounds its memory and its hold on the disk.</summary>
    private const int VerifiesAtOnceMax = 8;

    private readonly Volume volume;
    private readonly SegmentWriter writer;
    private readonly RecordReader reader;
    private readonly ChunkLocks locks = new();
    private readonly ReaderGate gate = new();
    private readonly RecordRewriter rewriter;
    private readonly SemaphoreSlim compacting = new(1, 1);
    private readonly SemaphoreSlim scrubbing = new(1, 1);
    private readonly Quarantine quarantine;
    private readonly TimeProvider time;
    private readonly SemaphoreSlim verifying = new(VerifiesAtOnceMax, VerifiesAtOnceMax);
    private readonly VolumeKeys storedKeys;
    private int disposed;

    private BlobStore(Volume volume, TimeProvider time)
    {
        this.volume = volume;
        this.time = time;
        storedKeys = new VolumeKeys(volume);
        reader = new RecordReader(new SegmentReader(volume.Segments, volume.Buffers), new BlockDecoder(volume.Keys));
        rewriter = new RecordRewriter(volume.Keys, volume.Codec, storedKeys.Has, volume.Buffers);
        writer = new SegmentWriter(volume.Options, volume.Disk, time, volume.Buffers, volume.Index, volume.Log);
        quarantine = new Quarantine(volume, writer, reader, locks);
    }

    /// <summary>
    /// Opens the volume in a directory, or makes one when the directory is absent or empty; recovers what a crash left.
    /// The data keys stored on the volume are added to <paramref name="keys"/>.
    /// </summary>
    /// <exception cref="BlobException"><see cref="BlobError.VolumeInUse"/>, <see cref="BlobError.WrongCluster"/>, or
    /// <see cref="BlobError.NotAVolume"/>: nothing was changed.</exception>
    /// <exception cref="System.Security.Cryptography.CryptographicException">A stored key was wrapped by another root key.</exception>
    public static Task<BlobStore> OpenAsync(
        VolumeOptions options,
        DataKeys keys,
        IDisk disk,
        TimeProvider time,
        CancellationToken ct
    ) =>
        // Recovery reads segments; it must not hold up a caller that opens several volumes.
        Task.Run(
            () =>
            {
                var opened = Volume.Open(options, keys, disk, time, ct);
                try
                {
                    return new BlobStore(opened, time);
                }
                catch
                {
                    opened.Dispose();
                    throw;
                }
            },
            ct
        );

    /// <summary>Chosen when the volume was made.</summary>
    public Guid VolumeId => volume.Identity.VolumeId;

    /// <summary>How many times the volume has been opened.</summary>
    public ulong Incarnation => volume.Identity.Incarnation;

    /// <summary>What this opening found.</summary>
    public RecoveryReport Recovery => volume.Recovered;

    public VolumeCondition Condition =>
        volume.Index.IsWaitingForRoom && writer.Condition == VolumeCondition.Writable
            ? VolumeCondition.Full
            : writer.Condition;

    /// <summary>True when the index has turned out damaged: dispose the store and open the volume again, which builds the index anew.</summary>
    public bool NeedsReopening => volume.IsIndexDamaged;

    /// <summary>The data keys that lie on this volume, in order of id.</summary>
    public IReadOnlyCollection<WrappedKey> StoredKeys => storedKeys.All;

    /// <summary>Puts data keys on the volume, and adds them to the process's. Keys that are there stay as they are.</summary>
    public async Task StoreKeysAsync(IReadOnlyCollection<WrappedKey> keys, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ThrowIfDisposed();
        await storedKeys.StoreAsync(keys, ct);
    }

    /// <summary>
    /// Stores a record and stamps it. One that is present is not written again: its stored copy is checked, replaced when damaged, and stamped.
    /// Puts of the same id follow one another.
    /// </summary>
    /// <param name="record">The whole encoded record; must not change until this returns.</param>
    /// <param name="options">The stamp, and whether a copy is owed.</param>
    /// <param name="ct">Ends the wait only until the record is handed to the writer.</param>
    /// <exception cref="BlobException"><see cref="BlobError.BadRecord"/>, <see cref="BlobError.UnknownKey"/>: refused, nothing written.
    /// <see cref="BlobError.VolumeFull"/>: use another volume. <see cref="BlobError.WriterPoisoned"/>: whether it was written is not known.</exception>
    public async ValueTask<PutOutcome> PutAsync(ReadOnlyMemory<byte> record, PutOptions options, CancellationToken ct)
    {
        ThrowIfDisposed();
        var header = RecordCodec.ReadHeader(record.Span);
        if (header.KeyId != 0 && !storedKeys.Has(header.KeyId))
        {
            throw new BlobException(
                BlobError.UnknownKey,
                $"Data key {header.KeyId} is not stored on volume {VolumeId}."
            );
        }

        using var held = await locks.EnterAsync(header.Id, ct);
        Verify(record);
        if (volume.Index.Find(header.Id) is not { } entry)
        {
            await AppendRecordAsync(record, header, options, ct);
            return PutOutcome.Stored;
        }

        if (entry.Kind == header.Kind && !entry.IsDamaged && await reader.IsIntactAsync(header.Id, entry, ct))
        {
            reader.Forget(header.Id);
            await StampAsync(header.Id, entry, options, ct);
            return PutOutcome.AlreadyPresent;
        }

        // The new frame carries what was known of the old one, whose bytes may be gone when the index has to be rebuilt.
        var kept = new PutOptions(Math.Max(options.TouchEpoch, entry.TouchEpoch), options.Owed || entry.Owed);
        await AppendRecordAsync(record, header, kept, ct);
        reader.Forget(header.Id);
        return PutOutcome.Healed;
    }

    /// <summary>What the index knows of a record; the record itself is not looked at.</summary>
    public RecordInfo? Find(ChunkId id)
    {
        ThrowIfDisposed();
        return volume.Index.Find(id)?.ToInfo(id);
    }

    /// <summary>Whether the index has the record and no reader has found it damaged; the record itself is not looked at.</summary>
    public bool Has(ChunkId id) => Find(id) is { IsDamaged: false } && !reader.IsDamaged(id);

    /// <summary>
    /// "Have it, and stamp it": true only when the record is present, its checksum passes, and the stamp is durable. A record stamped with
    /// this epoch or a later one has been checked in it and is not read again, unless a reader has found it damaged since.
    /// </summary>
    /// <exception cref="BlobException"><see cref="BlobError.VolumeFull"/>: no stamp, the record stays as it is. <see cref="BlobError.WriterPoisoned"/>.</exception>
    public async ValueTask<bool> AdoptAsync(ChunkId id, uint epoch, CancellationToken ct)
    {
        ThrowIfDisposed();
        using var held = await locks.EnterAsync(id, ct);
        if (volume.Index.Find(id) is not { IsDamaged: false } entry)
        {
            return false;
        }

        if (entry.TouchEpoch >= epoch && entry.GcState == GcState.Live && !reader.IsDamaged(id))
        {
            return true;
        }

        if (!await IsIntactAsync(id, entry, ct))
        {
            return false;
        }

        await StampAsync(id, entry, new PutOptions(epoch, Owed: false), ct);
        return true;
    }

    /// <summary>As for one id, for each of these; they share syncs.</summary>
    /// <returns>In the order of <paramref name="ids"/>.</returns>
    public async ValueTask<bool[]> AdoptAsync(IReadOnlyList<ChunkId> ids, uint epoch, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return await Task.WhenAll(ids.Select(id => AdoptAsync(id, epoch, ct).AsTask()));
    }

    /// <summary>The whole encoded record, its checksum verified.</summary>
    /// <returns>Null when absent; dispose it otherwise.</returns>
    /// <exception cref="BlobException"><see cref="BlobError.Damaged"/>: take another copy and put it here.</exception>
    public async ValueTask<StoredRecord?> ReadRecordAsync(ChunkId id, CancellationToken ct)
    {
        ThrowIfDisposed();
        using var pass = gate.Enter();
        return volume.Index.Find(id) is { } entry ? await reader.ReadAsync(id, Sound(id, entry), ct) : null;
    }

    /// <summary>
    /// Writes a range of the plaintext to <paramref name="destination"/>, opening only the blocks that it needs. The checksum and tag of a block
    /// are verified before any byte of it is delivered.
    /// </summary>
    /// <param name="id">Which record.</param>
    /// <param name="kind">The kind that the caller may see; a record of another kind counts as absent.</param>
    /// <param name="offset">First byte of the plaintext, within it.</param>
    /// <param name="length">1 to what is left from there.</param>
    /// <param name="destination">Advanced block by block; not flushed.</param>
    /// <param name="ct">Ends a wait for the disk.</param>
    /// <returns>False when absent: nothing was delivered.</returns>
    /// <exception cref="BlobException"><see cref="BlobError.Damaged"/>: the bytes delivered so far are good, take the rest from another copy.
    /// <see cref="BlobError.UnknownKey"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The range is not within the plaintext.</exception>
    public async ValueTask<bool> ReadPlainAsync(
        ChunkId id,
        RecordKind kind,
        int offset,
        int length,
        IBufferWriter<byte> destination,
        CancellationToken ct
    )
    {
        ThrowIfDisposed();
        using var pass = gate.Enter();
        if (volume.Index.Find(id) is not { } entry || entry.Kind != kind)
        {
            return false;
        }

        await reader.ReadPlainAsync(id, Sound(id, entry), offset, length, destination, ct);
        return true;
    }

    /// <summary>What is marked as damaged may pass its checksums all the same: its plaintext was not what its id names.</summary>
    private static IndexEntry Sound(ChunkId id, IndexEntry entry) =>
        entry.IsDamaged
            ? throw new BlobException(BlobError.Damaged, $"The record of {id} was found damaged and waits for repair.")
            : entry;

    /// <summary>Forgets these records. Their bytes stay in the segments until reclaimed; absent ids are passed over.</summary>
    /// <exception cref="BlobException"><see cref="BlobError.WriterPoisoned"/>.</exception>
    public async ValueTask DeleteAsync(IReadOnlyList<ChunkId> ids, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(ids);
        volume.Spare.ReleaseWhenShort();
        await Task.WhenAll(ids.Select(id => NoteIfAsync(id, _ => true, NoteKind.Delete, ct)));
        foreach (var id in ids)
        {
            reader.Forget(id);
        }
    }

    /// <summary>Lifts the owed marks of these records: all their copies are confirmed. Absent ids are passed over.</summary>
    /// <exception cref="BlobException"><see cref="BlobError.WriterPoisoned"/>.</exception>
    public async ValueTask SettleAsync(IReadOnlyList<ChunkId> ids, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(ids);
        await Task.WhenAll(ids.Select(id => NoteIfAsync(id, entry => entry.Owed, NoteKind.Settled, ct)));
    }

    /// <summary>Ids with a copy unconfirmed, in order, at most <paramref name="max"/> of those after <paramref name="after"/>.</summary>
    public IReadOnlyList<ChunkId> ListOwed(ChunkId? after, int max)
    {
        ThrowIfDisposed();
        return volume.Index.ListOwed(after, max);
    }

    /// <summary>Records in order of id, at most <paramref name="max"/> of those after <paramref name="after"/>, none after <paramref name="last"/>.</summary>
    public IReadOnlyList<RecordInfo> List(ChunkId? after, int max, ChunkId? last = null)
    {
        ThrowIfDisposed();
        return volume.Index.List(after, max, last);
    }

    public VolumeStats Stats()
    {
        ThrowIfDisposed();
        var totals = volume.Index.Totals;
        return new VolumeStats(
            totals.Records,
            totals.LiveRecordBytes,
            volume.Segments.Bytes + volume.Index.TableBytes,
            volume.Disk.FreeBytes(volume.Options.Path),
            totals.Owed,
            totals.Damaged + reader.Damaged,
            volume.Segments.Count,
            writer.Batches,
            volume.Log.IsDirect,
            totals.RecordsByKey(),
            totals.SumOf(GcState.Condemned),
            totals.SumOf(GcState.Trashed)
        );
    }

    /// <summary>Finishes what was handed in, trims the open segment, flushes the index, and releases the directory.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
        {
            return;
        }

        volume.Index.WaitNoLonger();
        var isWritten = await writer.StopAsync();
        try
        {
            if (isWritten)
            {
                volume.CloseLog();
            }
        }
        finally
        {
            writer.Dispose();
            volume.Dispose();
            locks.Dispose();
            verifying.Dispose();
            storedKeys.Dispose();
            compacting.Dispose();
            scrubbing.Dispose();
            sweeping.Dispose();
        }
    }

    /// <summary>While a record is being checked the writer may linger for it.</summary>
    private void Verify(ReadOnlyMemory<byte> record)
    {
        writer.Queue.Announce();
        try
        {
            RecordCodec.Verify(record.Span);
        }
        finally
        {
            writer.Queue.Retract();
        }
    }

    private ValueTask AppendRecordAsync(
        ReadOnlyMemory<byte> record,
        RecordHeader header,
        PutOptions options,
        CancellationToken ct
    ) => AppendAsync(new AppendRequest(record, header, options), ct);

    private ValueTask AppendNoteAsync(Note note, CancellationToken ct) => AppendAsync(new AppendRequest(note), ct);

    /// <summary>Refuses at once what would have to wait with a writer that waits for room.</summary>
    private ValueTask AppendAsync(AppendRequest request, CancellationToken ct) =>
        volume.Index.IsWaitingForRoom
            ? throw new BlobException(
                BlobError.VolumeFull,
                $"The disk of {volume.Options.Path} has no room for the index."
            )
            : writer.AppendAsync(request, ct);

    private async ValueTask StampAsync(ChunkId id, IndexEntry entry, PutOptions options, CancellationToken ct)
    {
        if (options.Owed && !entry.Owed)
        {
            await AppendNoteAsync(new Note(NoteKind.Owed, 0, 0, id), ct);
        }

        if (options.TouchEpoch > entry.TouchEpoch)
        {
            await AppendNoteAsync(new Note(NoteKind.Touch, 0, options.TouchEpoch, id), ct);
        }

        if (entry.GcState != GcState.Live)
        {
            await AppendNoteAsync(new Note(NoteKind.GcState, (byte)GcState.Live, 0, id), ct);
        }
    }

    private async Task NoteIfAsync(ChunkId id, Func<IndexEntry, bool> isNeeded, NoteKind kind, CancellationToken ct)
    {
        ThrowIfDisposed();
        using var held = await locks.EnterAsync(id, ct);
        if (volume.Index.Find(id) is { } entry && isNeeded(entry))
        {
            await AppendNoteAsync(new Note(kind, 0, 0, id), ct);
        }
    }

    private async ValueTask<bool> IsIntactAsync(ChunkId id, IndexEntry entry, CancellationToken ct)
    {
        await verifying.WaitAsync(ct);
        try
        {
            return await reader.IsIntactAsync(id, entry, ct);
        }
        finally
        {
            verifying.Release();
        }
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(disposed != 0, this);
}
