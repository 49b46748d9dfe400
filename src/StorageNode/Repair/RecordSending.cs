using FileSharing.BlobEngine;
using FileSharing.Cluster;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Replication;

namespace FileSharing.StorageNode.Repair;

/// <summary>Sends a stored record to those who are to have it too.</summary>
internal static class RecordSending
{
    /// <summary>With the stamp that it has here, and owed to nobody.</summary>
    /// <param name="mapVersion">Of the map that names the targets.</param>
    /// <returns>False when it is gone here, or one of the targets still lacks it.</returns>
    /// <exception cref="BlobException">It cannot be read.</exception>
    public static async Task<bool> SendAsync(
        BlobStore store,
        RecordInfo record,
        IReadOnlyList<MapVolume> targets,
        long mapVersion,
        IChunkTransport transport,
        CancellationToken cancellationToken
    )
    {
        if (await store.ReadRecordAsync(record.Id, cancellationToken) is not { } stored)
        {
            return false;
        }

        using var lease = new RecordLease(new StoredRecordMemory(stored), stored.Memory.Length);
        var areDurable = true;
        foreach (var target in targets)
        {
            var put = new PutRecord(target, mapVersion, record.TouchEpoch, Owed: false);
            areDurable &= (await transport.PutAsync(put, lease, cancellationToken)).IsDurable();
        }

        return areDurable;
    }
}
