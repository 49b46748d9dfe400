using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <content>Garbage collection as far as it is a volume's matter: docs/garbage-collection.md.</content>
public sealed partial class BlobStore
{
    private readonly SemaphoreSlim sweeping = new(1, 1);
    private Sweeper? sweeper;

    /// <summary>
    /// Lets a coordinator sweep this opening of the volume. When it returns, no sweep of an earlier one is under way any more, and none will be obeyed, also by later openings.
    /// </summary>
    /// <returns>The incarnation that its orders must name.</returns>
    /// <exception cref="BlobException"><see cref="BlobError.SweepRefused"/>: the token or the epoch is below one that was seen.</exception>
    public async Task<ulong> BeginSweepsAsync(Guid coordinator, long token, uint epoch, CancellationToken ct)
    {
        ThrowIfDisposed();
        await sweeping.WaitAsync(ct);
        try
        {
            var seen = volume.Fence ?? SweepFence.Unknown with { IsUnproved = false };
            if (token < seen.Token || (token == seen.Token && coordinator != seen.Coordinator))
            {
                throw Refused($"its fencing token is {token}, and {seen.Token} has been seen");
            }

            if (epoch < seen.Epoch)
            {
                throw Refused($"its epoch is {epoch}, and {seen.Epoch} has been seen");
            }

            var fence = new SweepFence(
                SweepFence.CurrentFormat,
                coordinator,
                token,
                epoch,
                seen.IsUnproved ? epoch : seen.Floor,
                IsUnproved: false
            );
            if (fence != volume.Fence)
            {
                volume.WriteFence(fence);
            }

            sweeper = new Sweeper(volume, writer, reader, locks, fence);
            return Incarnation;
        }
        finally
        {
            sweeping.Release();
        }
    }

    /// <summary>
    /// Condemns what nothing refers to and no open session can have touched, trashes what an earlier cycle had condemned, and makes live what is referred to. Bytes stay. To
    /// repeat a range is harmless.
    /// </summary>
    /// <exception cref="BlobException"><see cref="BlobError.SweepRefused"/>; <see cref="BlobError.WriterPoisoned"/>.</exception>
    public Task<SweepReport> SweepAsync(SweepRange range, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(range);
        return ObeyAsync(range.Order, one => one.SweepAsync(range, ct), ct);
    }

    /// <summary>Trashed records in order of id, at most <paramref name="max"/> of those after <paramref name="after"/>, that were trashed by this epoch or before.</summary>
    public IReadOnlyList<RecordInfo> ListTrashed(ChunkId? after, int max, uint upTo)
    {
        ThrowIfDisposed();
        return Sweeper.ListTrashed(volume, after, max, upTo);
    }

    /// <summary>
    /// Forgets trashed records for good. The caller has just asked the metadata about them. Each is looked at again under its lock: what was adopted or put meanwhile stays.
    /// </summary>
    /// <param name="order">Under which authority.</param>
    /// <param name="ids">Nothing refers to them.</param>
    /// <param name="upTo">Only what was trashed by this epoch or before: the quarantine is over for it.</param>
    /// <param name="ct">Ends it between two records.</param>
    /// <exception cref="BlobException"><see cref="BlobError.SweepRefused"/>; <see cref="BlobError.WriterPoisoned"/>.</exception>
    public Task<DropReport> DropAsync(SweepOrder order, IReadOnlyList<ChunkId> ids, uint upTo, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(ids);
        volume.Spare.ReleaseWhenShort();
        return ObeyAsync(order, one => one.DropAsync(order, ids, upTo, ct), ct);
    }

    /// <summary>Makes these live again, since something refers to them; absent and live ones are passed over.</summary>
    /// <returns>How many were not live.</returns>
    /// <exception cref="BlobException"><see cref="BlobError.SweepRefused"/>; <see cref="BlobError.WriterPoisoned"/>.</exception>
    public Task<long> ReviveAsync(SweepOrder order, IReadOnlyList<ChunkId> ids, CancellationToken ct) =>
        ObeyAsync(order, one => one.ReviveAsync(ids, ct), ct);

    /// <summary>
    /// Gives back all space that can be given back now: ends the open segment and begins another, so that nothing dead is held by a file that is still written to.
    /// </summary>
    /// <inheritdoc cref="CompactAsync"/>
    public async Task<CompactionReport> ReclaimAsync(CompactionOptions options, CancellationToken ct)
    {
        await SealAsync(ct);
        if (volume.Segments.Bytes > volume.Index.Totals.LiveRecordBytes)
        {
            // About no record there is: it says nothing, and a file must be begun to say it in.
            await AppendNoteAsync(new Note(NoteKind.Settled, 0, 0, default), ct);
        }

        return await CompactAsync(options, ct);
    }

    private async Task<T> ObeyAsync<T>(SweepOrder order, Func<Sweeper, Task<T>> work, CancellationToken ct)
    {
        ThrowIfDisposed();
        await sweeping.WaitAsync(ct);
        try
        {
            var isObeyed =
                sweeper is { Fence: var fence }
                && (order.Coordinator, order.Token, order.Epoch) == (fence.Coordinator, fence.Token, fence.Epoch)
                && order.Incarnation == Incarnation
                && order.Horizon <= order.Epoch;
            return isObeyed
                ? await work(sweeper!)
                : throw Refused("it was not begun in this opening, or another was since");
        }
        finally
        {
            sweeping.Release();
        }
    }

    private BlobException Refused(string reason) =>
        new(BlobError.SweepRefused, $"Volume {VolumeId} does not obey this sweep: {reason}.");
}
