using System.Collections.Concurrent;
using System.Threading.Channels;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster;
using FileSharing.StorageNode.Volumes;
using Microsoft.Extensions.Logging;

namespace FileSharing.StorageNode.Repair;

/// <summary>
/// Replaces local copies that a reader found damaged with another owner's. It must never make things worse: the engine checks the fetched record
/// before it takes the place of the damaged one.
/// </summary>
internal sealed class Healer(VolumeSet volumes, ReplicaReader replicas, ILogger<Healer> log)
{
    /// <summary>Waiting repairs; beyond, the next reader of the chunk asks again.</summary>
    private const int WaitingMax = 10_000;

    private readonly Channel<(Guid VolumeId, ChunkId Id)> waiting = Channel.CreateBounded<(Guid, ChunkId)>(WaitingMax);
    private readonly ConcurrentDictionary<ChunkId, bool> queued = new();

    /// <summary>Returns at once; the same chunk waits once.</summary>
    public void Enqueue(Guid volumeId, ChunkId id)
    {
        log.ChunkDamaged(id, volumeId);
        if (queued.TryAdd(id, true) && !waiting.Writer.TryWrite((volumeId, id)))
        {
            queued.TryRemove(id, out _);
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var (volumeId, id) in waiting.Reader.ReadAllAsync(cancellationToken))
            {
                if (await IsDamagedAsync(volumeId, id, cancellationToken))
                {
                    await HealAsync(volumeId, id, cancellationToken);
                }

                queued.TryRemove(id, out _);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopping: what is on a volume's list is healed after the next start.
        }
    }

    /// <summary>Looks again, alone, and puts it on the volume's own list: there it stays until it is healed, whatever becomes of this attempt.</summary>
    private async Task<bool> IsDamagedAsync(Guid volumeId, ChunkId id, CancellationToken cancellationToken)
    {
        using var use = volumes.Enter(volumeId);
        try
        {
            return use is not null && await use.Store.QuarantineAsync(id, cancellationToken);
        }
        catch (IOException error)
        {
            log.ChunkNotHealed(id, volumeId, error.Message);
            return false;
        }
    }

    /// <summary>Takes another owner's copy and puts it on the volume.</summary>
    /// <returns>False when no good copy is to be had now, or the volume does not take it; the log says why.</returns>
    public async Task<bool> HealAsync(Guid volumeId, ChunkId id, CancellationToken cancellationToken)
    {
        try
        {
            using var good = await replicas.ReadAsync(id, owner => owner.VolumeId == volumeId, cancellationToken);
            using var use = volumes.Enter(volumeId);
            if (use is null)
            {
                return false;
            }

            var epoch = use.Store.Find(id)?.TouchEpoch ?? 0;
            await use.Store.PutAsync(good.Record, new PutOptions(epoch, Owed: false), cancellationToken);
            log.ChunkHealed(id, volumeId);
            return true;
        }
        catch (IOException error)
        {
            log.ChunkNotHealed(id, volumeId, error.Message);
            return false;
        }
    }
}
