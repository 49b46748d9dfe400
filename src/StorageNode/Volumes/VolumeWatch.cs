using FileSharing.BlobEngine;
using Microsoft.Extensions.Logging;

namespace FileSharing.StorageNode.Volumes;

/// <summary>Says once in the log when a volume stops taking records, or takes them again. Nothing else depends on it.</summary>
internal sealed class VolumeWatch(VolumeSet volumes, TimeProvider time, ILogger<VolumeWatch> log)
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private readonly Dictionary<Guid, VolumeCondition> known = [];

    /// <summary>Until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            Look();
            await Task.Delay(LookInterval, time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Compares each volume's condition with that of the last look; a new volume counts as writable.</summary>
    public void Look()
    {
        foreach (var volume in volumes.Open)
        {
            var condition = volume.Store.Condition;
            if (condition == known.GetValueOrDefault(volume.VolumeId, VolumeCondition.Writable))
            {
                continue;
            }

            known[volume.VolumeId] = condition;
            switch (condition)
            {
                case VolumeCondition.Full:
                    log.VolumeIsFull(volume.VolumeId);
                    break;
                case VolumeCondition.Poisoned:
                    log.VolumeIsPoisoned(volume.VolumeId);
                    break;
                default:
                    log.VolumeIsWritable(volume.VolumeId);
                    break;
            }
        }
    }
}
