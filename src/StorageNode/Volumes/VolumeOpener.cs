using FileSharing.BlobEngine;
using FileSharing.Cluster.Hosting;
using Microsoft.Extensions.Logging;

namespace FileSharing.StorageNode.Volumes;

/// <summary>Opens one of the node's directories, and says in the log what the opening found.</summary>
internal sealed class VolumeOpener(
    NodeSettings settings,
    Guid clusterId,
    VolumeGuard guard,
    DataKeys keys,
    BufferPool buffers,
    TimeProvider time,
    ILogger<VolumeOpener> log
)
{
    /// <param name="number">From 1.</param>
    /// <param name="wasOpen">Whether this process had it open before.</param>
    /// <exception cref="IOException">It cannot be opened now: a missing mount, held by another process, of another cluster, no volume, a disk that fails.</exception>
    public async Task<OpenVolume> OpenAsync(int number, bool wasOpen, CancellationToken cancellationToken)
    {
        var path = settings.Volumes[number - 1];
        guard.ThrowIfLost(path, wasOpen);
        var options = new VolumeOptions
        {
            Path = path,
            ClusterId = clusterId,
            NodeName = settings.Name,
            FreeBytesMin = settings.FreeBytesMin,
            SegmentBytesMax = settings.SegmentBytesMax,
            Buffers = buffers,
        };
        var store = await BlobStore.OpenAsync(options, keys, new DirectDisk(), time, cancellationToken);
        try
        {
            LogOpened(path, store);
            return new OpenVolume(store, number, new DriveInfo(path).TotalSize);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    private void LogOpened(string path, BlobStore store)
    {
        log.VolumeOpened(store.VolumeId, path, store.Incarnation, store.Stats().Records);
        var recovery = store.Recovery;
        if (recovery is { WasClean: false, SegmentsReplayed: > 0 })
        {
            log.VolumeReplayed(
                store.VolumeId,
                recovery.SegmentsReplayed,
                recovery.RecordsReplayed,
                recovery.TornTailBytes
            );
        }

        foreach (var place in recovery.Damage)
        {
            log.VolumeDamaged(store.VolumeId, place.Segment, place.Offset, place.Bytes);
        }
    }
}
