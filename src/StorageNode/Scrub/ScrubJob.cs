using System.Collections.Concurrent;
using FileSharing.BlobEngine;
using FileSharing.Cluster.Wire;

namespace FileSharing.StorageNode.Scrub;

/// <summary>The scrubs that people ask for, one job a volume. A job outlives a closing and opening of its volume. Thread-safe.</summary>
internal sealed class ScrubJobs
{
    private readonly ConcurrentDictionary<Guid, ScrubJob> byVolume = new();

    public ScrubJob Of(Guid volumeId) => byVolume.GetOrAdd(volumeId, id => new ScrubJob(id));

    /// <returns>Null for a volume that has not been open in this process.</returns>
    public ScrubJob? Find(Guid volumeId) => byVolume.GetValueOrDefault(volumeId);
}

/// <summary>A whole scrub of one volume, now: asked for, under way, done. Who asks while one is waiting or under way gets that one. Thread-safe.</summary>
internal sealed class ScrubJob(Guid volumeId) : IProgress<ScrubProgress>
{
    private readonly Lock gate = new();
    private TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ScrubStatus status = new(volumeId, 0, ScrubStatus.Never, 0, 0, 0, 0, 0, 0, 0, 0, null, null);

    public ScrubStatus Status
    {
        get
        {
            lock (gate)
            {
                return status;
            }
        }
    }

    /// <summary>Ends when somebody asks; has ended while a job waits or is under way.</summary>
    public Task Asked
    {
        get
        {
            lock (gate)
            {
                return asked.Task;
            }
        }
    }

    /// <returns>The job as it stands now.</returns>
    public ScrubStatus Ask()
    {
        lock (gate)
        {
            if (!asked.Task.IsCompleted)
            {
                status = new(volumeId, status.Run + 1, ScrubStatus.Waiting, 0, 0, 0, 0, 0, 0, 0, 0, null, null);
                asked.SetResult();
            }

            return status;
        }
    }

    public void Begin() => Change(now => now with { State = ScrubStatus.Running });

    /// <summary>The volume is being closed: the next opening begins anew.</summary>
    public void PutBack() => Change(now => now with { State = ScrubStatus.Waiting });

    public void Report(ScrubProgress value) =>
        Change(now =>
            now with
            {
                SegmentsDone = value.SegmentsDone,
                Segments = value.Segments,
                BytesDone = value.BytesDone,
                Bytes = value.Bytes,
                Records = value.Records,
                Damaged = value.Damaged,
            }
        );

    public void Done(ScrubReport report, DateTimeOffset at) =>
        End(now =>
            now with
            {
                State = ScrubStatus.Done,
                SegmentsDone = report.Segments,
                BytesDone = report.Bytes,
                Records = report.Records,
                Damaged = report.Damaged,
                IndexMismatches = report.IndexMismatches,
                DamagedPlaces = report.DamagedPlaces,
                FinishedAt = at,
            }
        );

    public void Failed(string reason, DateTimeOffset at) =>
        End(now => now with { State = ScrubStatus.Failed, Reason = reason, FinishedAt = at });

    private void Change(Func<ScrubStatus, ScrubStatus> change)
    {
        lock (gate)
        {
            status = change(status);
        }
    }

    private void End(Func<ScrubStatus, ScrubStatus> change)
    {
        lock (gate)
        {
            status = change(status);
            asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
