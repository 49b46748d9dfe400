using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <summary>
/// Does the sweeps of one cycle on one volume: docs/garbage-collection.md, section 3. Everything is decided under the record's lock, in which adopts and puts stamp: whoever comes first, the
/// other sees it. It must never condemn, trash or drop a record that a session may still refer to.
/// </summary>
internal sealed class Sweeper
{
    /// <summary>Entries read from the index at a time.</summary>
    private const int PageMax = 10_000;

    /// <summary>Notes under way at once: they share batches and syncs.</summary>
    private const int NotesAtOnceMax = 256;

    private readonly Volume volume;
    private readonly SegmentWriter writer;
    private readonly RecordReader reader;
    private readonly ChunkLocks locks;
    private readonly bool isOverVolumeLimit;

    public Sweeper(Volume volume, SegmentWriter writer, RecordReader reader, ChunkLocks locks, SweepFence fence)
    {
        this.volume = volume;
        this.writer = writer;
        this.reader = reader;
        this.locks = locks;
        Fence = fence;
        isOverVolumeLimit = SweepLimits.IsTooMuch(
            CountDue(),
            volume.Index.Totals.Records,
            SweepLimits.VolumeRecordsMin
        );
    }

    public SweepFence Fence { get; }

    public static List<RecordInfo> ListTrashed(Volume volume, ChunkId? after, int max, uint upTo)
    {
        var found = new List<RecordInfo>();
        while (found.Count < max && volume.Index.ListSwept(after, PageMax) is { Count: > 0 } page)
        {
            foreach (var (id, mark) in page)
            {
                if (
                    found.Count < max
                    && mark.State == GcState.Trashed
                    && volume.Index.Find(id) is { GcState: GcState.Trashed } entry
                    && Math.Max(entry.StateEpoch, volume.Fence?.Floor ?? 0) <= upTo
                )
                {
                    found.Add(entry.ToInfo(id));
                }
            }

            after = page[^1].Id;
        }

        return found;
    }

    public async Task<SweepReport> SweepAsync(SweepRange range, CancellationToken ct)
    {
        var live = new LiveIds(range.Live);
        var withheld = range.IsApproved ? [] : GroupsOverLimit(range, live, ct);
        var sums = new SweepSums();
        foreach (var page in Pages(range))
        {
            var due = page.Where(record => !live.Contains(record.Id) || record.State != GcState.Live);
            await ForEachAsync(
                [.. due.Select(record => record.Id)],
                id => StepAsync(id, live.Contains(id), range, withheld, sums, ct),
                ct
            );
            sums.Look(page.Count);
        }

        return sums.Report;
    }

    private async Task StepAsync(
        ChunkId id,
        bool isLive,
        SweepRange range,
        HashSet<int> withheld,
        SweepSums sums,
        CancellationToken ct
    )
    {
        using var held = await locks.EnterAsync(id, ct);
        if (volume.Index.Find(id) is not { } entry || range.GroupOf(id) is not { } group)
        {
            return;
        }

        var next = NextState(entry, isLive, range.Order.Horizon);
        if (next == GcState.Trashed && !range.IsApproved && (isOverVolumeLimit || withheld.Contains(group)))
        {
            sums.Withhold();
        }
        else if (next != entry.GcState)
        {
            await StateAsync(id, next, ct);
            sums.Count(next, entry.RecordBytes);
        }
    }

    public async Task<DropReport> DropAsync(
        SweepOrder order,
        IReadOnlyList<ChunkId> ids,
        uint upTo,
        CancellationToken ct
    )
    {
        long dropped = 0;
        long bytes = 0;
        await ForEachAsync(
            ids,
            async id =>
            {
                using var held = await locks.EnterAsync(id, ct);
                if (volume.Index.Find(id) is { } entry && IsDroppable(entry, order, upTo))
                {
                    await writer.AppendAsync(new AppendRequest(new Note(NoteKind.Delete, 0, 0, id)), ct);
                    reader.Forget(id);
                    Interlocked.Increment(ref dropped);
                    Interlocked.Add(ref bytes, entry.RecordBytes);
                }
            },
            ct
        );
        return new DropReport(new RecordSum(dropped, bytes), ids.Count - dropped);
    }

    public async Task<long> ReviveAsync(IReadOnlyList<ChunkId> ids, CancellationToken ct)
    {
        long revived = 0;
        await ForEachAsync(
            ids,
            async id =>
            {
                using var held = await locks.EnterAsync(id, ct);
                if (volume.Index.Find(id) is { GcState: not GcState.Live })
                {
                    await StateAsync(id, GcState.Live, ct);
                    Interlocked.Increment(ref revived);
                }
            },
            ct
        );
        return revived;
    }

    /// <summary>The one step that a sweep takes with a record.</summary>
    private GcState NextState(IndexEntry entry, bool isLive, uint horizon)
    {
        if (isLive)
        {
            return GcState.Live;
        }

        // Touched by a session that may be open: it may be about to refer to it.
        if (entry.TouchEpoch >= horizon)
        {
            return entry.GcState;
        }

        return entry.GcState switch
        {
            GcState.Live => GcState.Condemned,
            // Not by the cycle that condemned it, however often that repeats the range.
            GcState.Condemned when Fence.StateEpochOf(entry) < Fence.Epoch => GcState.Trashed,
            _ => entry.GcState,
        };
    }

    /// <summary>Trashed long enough, by a cycle before which every session that is open now began, and not touched since.</summary>
    private bool IsDroppable(IndexEntry entry, SweepOrder order, uint upTo) =>
        entry.GcState == GcState.Trashed
        && entry.TouchEpoch < order.Horizon
        && Fence.StateEpochOf(entry) < order.Horizon
        && Fence.StateEpochOf(entry) <= upTo;

    /// <summary>Records that this cycle might trash.</summary>
    private long CountDue()
    {
        long due = 0;
        ChunkId? after = null;
        while (volume.Index.ListSwept(after, PageMax) is { Count: > 0 } page)
        {
            due += page.Count(swept =>
                swept.Mark.State == GcState.Condemned && Math.Max(swept.Mark.Epoch, Fence.Floor) < Fence.Epoch
            );
            after = page[^1].Id;
        }

        return due;
    }

    private HashSet<int> GroupsOverLimit(SweepRange range, LiveIds live, CancellationToken ct)
    {
        var counts = new Dictionary<int, (long Trashed, long Records)>();
        foreach (var page in Pages(range))
        {
            ct.ThrowIfCancellationRequested();
            foreach (var record in page)
            {
                var group = range.GroupOf(record.Id)!.Value;
                var (trashed, records) = counts.GetValueOrDefault(group);
                var isDue = record.State == GcState.Condemned && !live.Contains(record.Id);
                counts[group] = (trashed + (isDue ? 1 : 0), records + 1);
            }
        }

        return
        [
            .. counts
                .Where(count =>
                    SweepLimits.IsTooMuch(count.Value.Trashed, count.Value.Records, SweepLimits.GroupRecordsMin)
                )
                .Select(count => count.Key),
        ];
    }

    private IEnumerable<List<RecordInfo>> Pages(SweepRange range)
    {
        var after = range.After;
        while (volume.Index.List(after, PageMax, range.Until) is { Count: > 0 } page)
        {
            after = page[^1].Id;
            yield return [.. page.Where(record => range.GroupOf(record.Id) is not null)];
        }
    }

    private static async Task ForEachAsync(IReadOnlyList<ChunkId> ids, Func<ChunkId, Task> work, CancellationToken ct)
    {
        foreach (var some in ids.Chunk(NotesAtOnceMax))
        {
            ct.ThrowIfCancellationRequested();
            await Task.WhenAll(some.Select(work));
        }
    }

    private async Task StateAsync(ChunkId id, GcState state, CancellationToken ct)
    {
        var epoch = state == GcState.Live ? 0 : Fence.Epoch;
        await writer.AppendAsync(new AppendRequest(new Note(NoteKind.GcState, (byte)state, epoch, id)), ct);
    }

    /// <summary>The list that a coordinator sent, which is sorted.</summary>
    private readonly struct LiveIds(IReadOnlyList<ChunkId> sorted)
    {
        public bool Contains(ChunkId id)
        {
            var (low, high) = (0, sorted.Count - 1);
            while (low <= high)
            {
                var middle = (low + high) / 2;
                var order = sorted[middle].CompareTo(id);
                if (order == 0)
                {
                    return true;
                }

                (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
            }

            return false;
        }
    }
}
