using System.Collections.Concurrent;

namespace FileSharing.StorageNode.Replication;

/// <summary>The volumes that live in this process, of one node or (in Standalone) of several: records go to them by direct call.</summary>
public sealed class DirectPeers
{
    private readonly ConcurrentDictionary<Guid, VolumeSet> byVolume = new();

    internal void Add(VolumeSet volumes)
    {
        foreach (var store in volumes.Stores)
        {
            byVolume[store.VolumeId] = volumes;
        }
    }

    internal void Remove(VolumeSet volumes)
    {
        foreach (var store in volumes.Stores)
        {
            byVolume.TryRemove(new KeyValuePair<Guid, VolumeSet>(store.VolumeId, volumes));
        }
    }

    internal VolumeSet? Find(Guid volumeId) => byVolume.GetValueOrDefault(volumeId);
}
