using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace FileSharing.BlobEngine;

/// <summary>
/// Scans sealed segments from end to end, on another thread and one ahead of the caller: the disk reads while what it gave before goes into the index. Holds the
/// directories of two segments in memory. One caller.
/// </summary>
/// <param name="segments">Of the volume.</param>
/// <param name="numbers">In the order in which they will be asked for.</param>
/// <param name="readHeader">Of a segment, with what is damaged in it; null for a segment that is none of ours.</param>
/// <param name="pool">Of the volume.</param>
/// <param name="ct">Ends the scans.</param>
internal sealed class ScanAhead(
    SegmentSet segments,
    IReadOnlyList<uint> numbers,
    Func<IDiskFile, uint, List<DamagedPlace>, SegmentHeader?> readHeader,
    BufferPool pool,
    CancellationToken ct
) : IDisposable
{
    private readonly CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
    private int next;
    private Job? job;

    /// <summary>The scan of this segment; that of the next one goes on behind it.</summary>
    /// <returns>Null when it has no footer.</returns>
    /// <exception cref="IOException">The disk is gone.</exception>
    public SealedScan? Take(uint segment)
    {
        while (job is null || job.Segment != segment)
        {
            job?.Dispose();
            Start();
        }

        using var taken = job;
        job = null;
        var scan = taken.Result();
        if (next < numbers.Count)
        {
            Start();
        }

        return scan;
    }

    [MemberNotNull(nameof(job))]
    private void Start()
    {
        job = new Job(numbers[next++]);
        ThreadPool.UnsafeQueueUserWorkItem(started => started.Run(Scan), job, preferLocal: false);
    }

    private SealedScan? Scan(uint number)
    {
        using var lease = segments.ReadingDirect(number);
        if (SegmentFooter.TryReadBlock(lease.File, number, pool) is null)
        {
            return null;
        }

        var damage = new List<DamagedPlace>();
        if (readHeader(lease.File, number, damage) is not { } header)
        {
            return new SealedScan(null, damage);
        }

        var scanned = new SegmentScan(lease.File, number, pool);
        scanned.Run(header, stop.Token);
        damage.AddRange(scanned.Damage);
        return new SealedScan(scanned, damage);
    }

    /// <summary>Returns when no scan uses the files and buffers any more.</summary>
    public void Dispose()
    {
        stop.Cancel();
        job?.Dispose();
        stop.Dispose();
    }

    /// <summary>One scan on its way.</summary>
    private sealed class Job(uint segment) : IDisposable
    {
        private readonly ManualResetEventSlim ended = new();
        private SealedScan? result;
        private ExceptionDispatchInfo? failure;

        public uint Segment { get; } = segment;

        public void Run(Func<uint, SealedScan?> scan)
        {
            try
            {
                result = scan(Segment);
            }
            catch (Exception error)
            {
                failure = ExceptionDispatchInfo.Capture(error);
            }

            ended.Set();
        }

        public SealedScan? Result()
        {
            ended.Wait();
            failure?.Throw();
            return result;
        }

        public void Dispose()
        {
            ended.Wait();
            ended.Dispose();
        }
    }
}

/// <summary>What the batches of a sealed segment say.</summary>
/// <param name="Scan">Null when the segment is none of ours.</param>
/// <param name="Damage">Found in it, its header included.</param>
internal sealed record SealedScan(SegmentScan? Scan, IReadOnlyList<DamagedPlace> Damage);
