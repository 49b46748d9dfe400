using FileSharing.BlobEngine;
using FileSharing.StorageNode.Volumes;
using Microsoft.Extensions.Logging;

namespace FileSharing.StorageNode.Reclaim;

/// <summary>
/// Gives the space of deleted records back to the file system, and brings records under the current data key. Without it a volume only ever grows. It must leave the disk to clients, unless the volume is full:
/// then nothing helps clients more than it does.
/// </summary>
internal sealed class CompactionDaemon(CompactionSettings settings, TimeProvider time, ILogger<CompactionDaemon> log)
    : IVolumeDaemon
{
    /// <summary>On a full volume also segments that are nearly all alive are worth writing anew: it is that or 507.</summary>
    private const double DeadFractionMinWhenFull = 0.02;

    /// <summary>How often the volume is asked whether it is full.</summary>
    private static readonly TimeSpan LookIntervalMax = TimeSpan.FromSeconds(5);

    /// <summary>Between runs on a volume that stays full: what there was to gain is gained.</summary>
    private static readonly TimeSpan PauseWhileFull = TimeSpan.FromMinutes(1);

    private readonly TimeSpan lookInterval = settings.Interval < LookIntervalMax ? settings.Interval : LookIntervalMax;

    public async Task RunAsync(OpenVolume volume, CancellationToken cancellationToken)
    {
        var pauseWhileFull = TimeSpan.Zero;
        while (true)
        {
            await UntilDueAsync(volume.Store, pauseWhileFull, cancellationToken);
            if (volume.Store.Condition == VolumeCondition.Full)
            {
                var all = new CompactionOptions(DeadFractionMinWhenFull);
                await RunOnceAsync(volume, all, cancellationToken);
                pauseWhileFull = PauseWhileFull;
            }
            else
            {
                await RunGentlyAsync(volume, cancellationToken);
                pauseWhileFull = TimeSpan.Zero;
            }
        }
    }

    private async Task UntilDueAsync(BlobStore store, TimeSpan pauseWhileFull, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var pause = settings.Interval;
        do
        {
            await Task.Delay(lookInterval, time, cancellationToken);
            if (store.Condition == VolumeCondition.Full && pauseWhileFull < pause)
            {
                pause = pauseWhileFull;
            }
        } while (time.GetElapsedTime(began) < pause || store.Condition == VolumeCondition.Poisoned);
    }

    /// <summary>Rests as long as the volume has room; a run that is under way when it becomes full is cut off, to begin again without rests.</summary>
    private async Task RunGentlyAsync(OpenVolume volume, CancellationToken cancellationToken)
    {
        using var cutOff = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var gentle = new CompactionOptions(
            settings.DeadFractionMin,
            RestFactor: settings.RestFactor,
            RewriteOldKeys: true,
            RewriteDamaged: true
        );
        var run = RunOnceAsync(volume, gentle, cutOff.Token);
        while (!(run.IsCompleted || cutOff.IsCancellationRequested || volume.Store.Condition == VolumeCondition.Full))
        {
            await Task.WhenAny(run, Task.Delay(lookInterval, time, cutOff.Token));
        }

        await cutOff.CancelAsync();
        try
        {
            await run;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            log.CompactionHurries(volume.VolumeId);
        }
    }

    private async Task RunOnceAsync(OpenVolume volume, CompactionOptions options, CancellationToken cancellationToken)
    {
        try
        {
            var report = await volume.Store.CompactAsync(options, cancellationToken);
            volume.Activity.Reclaimed(report.SegmentsRemoved, report.SegmentBytesRemoved);
            if (report.SegmentsRemoved + report.SegmentsKept > 0)
            {
                log.Compacted(
                    volume.VolumeId,
                    report.SegmentsRemoved,
                    report.SegmentBytesRemoved,
                    report.RecordsMoved,
                    report.SegmentsKept
                );
            }
        }
        catch (IOException error)
        {
            log.CompactionPaused(volume.VolumeId, error.Message);
        }
    }
}
