using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.StorageNode.Volumes;

namespace FileSharing.StorageNode.Repair;

/// <summary>
/// Heals every record that is known to be damaged, again and again until another owner could give its copy. The list is the volume's and survives restarts, so
/// nothing is forgotten because an owner was away.
/// </summary>
internal sealed class DamageRepair(Healer healer, TimeProvider time) : IVolumeDaemon
{
    private static readonly TimeSpan PauseMin = TimeSpan.FromSeconds(5);

    /// <summary>While nothing can be healed the pause doubles up to this.</summary>
    private static readonly TimeSpan PauseMax = TimeSpan.FromMinutes(5);

    private const int PageMax = 100;

    public async Task RunAsync(OpenVolume volume, CancellationToken cancellationToken)
    {
        var pause = PauseMin;
        while (true)
        {
            await Task.Delay(pause, time, cancellationToken);
            var hasHealed = await RoundAsync(volume, cancellationToken);
            pause = hasHealed ? PauseMin : TimeSpan.FromTicks(Math.Min(2 * pause.Ticks, PauseMax.Ticks));
        }
    }

    /// <returns>False when there was something to heal and none of it could be.</returns>
    private async Task<bool> RoundAsync(OpenVolume volume, CancellationToken cancellationToken)
    {
        var healed = 0;
        var left = 0;
        ChunkId? after = null;
        while (ListDamaged(volume.Store, after) is { Count: > 0 } page)
        {
            after = page[^1];
            foreach (var id in page)
            {
                if (await healer.HealAsync(volume.VolumeId, id, cancellationToken))
                {
                    healed++;
                }
                else
                {
                    left++;
                }
            }
        }

        return healed > 0 || left == 0;
    }

    /// <summary>Nothing where healing cannot work: on a volume that does not write, or without its index.</summary>
    private static IReadOnlyList<ChunkId> ListDamaged(BlobStore store, ChunkId? after) =>
        store.Condition == VolumeCondition.Poisoned || store.NeedsReopening ? [] : store.ListDamaged(after, PageMax);
}
