using FileSharing.BlobEngine;
using FileSharing.StorageNode.Volumes;
using Microsoft.Extensions.Logging;

namespace FileSharing.StorageNode.Scrub;

/// <summary>
/// Reads what is stored before somebody needs it: a copy that has gone bad unnoticed is no copy. What is due is read with rests, what somebody asks for at once
/// and without. It must change nothing but marks: repair is <see cref="Repair.DamageRepair"/>'s.
/// </summary>
internal sealed class ScrubDaemon(ScrubSettings settings, ScrubJobs jobs, TimeProvider time, ILogger<ScrubDaemon> log)
    : IVolumeDaemon
{
    /// <summary>How often the volume is asked what is due.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromHours(1);

    /// <summary>After the opening: a node that has just started has other work.</summary>
    private static readonly TimeSpan FirstPause = TimeSpan.FromMinutes(5);

    private static readonly ScrubOptions Everything = new(TimeSpan.Zero, TimeSpan.Zero);

    private readonly ScrubOptions due = new(settings.NewDataWithin, settings.EverythingWithin, settings.RestFactor);

    public async Task RunAsync(OpenVolume volume, CancellationToken cancellationToken)
    {
        var job = jobs.Of(volume.VolumeId);
        var pause = FirstPause;
        while (true)
        {
            await WaitAsync(job, pause, cancellationToken);
            if (job.Asked.IsCompleted)
            {
                await RunAskedAsync(volume.Store, job, cancellationToken);
            }
            else
            {
                await RunDueAsync(volume.Store, job, cancellationToken);
                pause = LookInterval;
            }
        }
    }

    private async Task WaitAsync(ScrubJob job, TimeSpan pause, CancellationToken cancellationToken)
    {
        using var asked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(job.Asked, Task.Delay(pause, time, asked.Token));
        await asked.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task RunAskedAsync(BlobStore store, ScrubJob job, CancellationToken cancellationToken)
    {
        try
        {
            job.Begin();
            var report = await store.ScrubAsync(Everything, job, cancellationToken);
            Log(store, report);
            job.Done(report, time.GetUtcNow());
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            job.PutBack();
            throw;
        }
        catch (IOException error)
        {
            log.ScrubPaused(store.VolumeId, error.Message);
            job.Failed(error.Message, time.GetUtcNow());
        }
    }

    /// <summary>Cut off when somebody asks for all of it: it would make them wait for its rests.</summary>
    private async Task RunDueAsync(BlobStore store, ScrubJob job, CancellationToken cancellationToken)
    {
        using var cutOff = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var run = store.ScrubAsync(due, progress: null, cutOff.Token);
        await Task.WhenAny(run, job.Asked);
        try
        {
            if (!run.IsCompleted)
            {
                await cutOff.CancelAsync();
            }

            Log(store, await run);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Segments that were looked at stay so; the rest is looked at now.
        }
        catch (IOException error)
        {
            log.ScrubPaused(store.VolumeId, error.Message);
        }
    }

    private void Log(BlobStore store, ScrubReport report)
    {
        if (report.Damaged + report.DamagedPlaces + report.IndexMismatches > 0)
        {
            log.ScrubFoundDamage(
                store.VolumeId,
                report.Damaged,
                report.Records,
                report.DamagedPlaces,
                report.IndexMismatches
            );
        }
        else if (report.Segments > 0)
        {
            log.Scrubbed(store.VolumeId, report.Segments, report.Bytes, report.Records);
        }
    }
}
