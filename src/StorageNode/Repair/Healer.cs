using System.Collections.Concurrent;
using System.Threading.Channels;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster;
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

    private readonly Channel<(BlobStore Store, ChunkId Id)> waiting = Channel.CreateBounded<(BlobStore, ChunkId)>(
        WaitingMax
    );
    private readonly ConcurrentDictionary<ChunkId, bool> queued = new();

    /// <summary>Returns at once; the same chunk waits once.</summary>
    public void Enqueue(BlobStore store, ChunkId id)
    {
        log.ChunkDamaged(id, store.VolumeId);
        if (queued.TryAdd(id, true) && !waiting.Writer.TryWrite((store, id)))
        {
            queued.TryRemove(id, out _);
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var (store, id) in waiting.Reader.ReadAllAsync(cancellationToken))
            {
                await HealAsync(store, id, cancellationToken);
                queued.TryRemove(id, out _);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopping: the next reader finds the damage again.
        }
    }

    private async Task HealAsync(BlobStore store, ChunkId id, CancellationToken cancellationToken)
    {
        try
        {
            var epoch = store.Find(id)?.TouchEpoch ?? 0;
            using var good = await replicas.ReadAsync(id, except: volumes.Holds, cancellationToken);
            await store.PutAsync(good.Record, new PutOptions(epoch, Owed: false), cancellationToken);
            log.ChunkHealed(id, store.VolumeId);
        }
        catch (IOException error)
        {
            log.ChunkNotHealed(id, store.VolumeId, error.Message);
        }
    }
}
