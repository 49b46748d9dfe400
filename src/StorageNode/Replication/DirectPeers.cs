using FileSharing.StorageNode.Volumes;

namespace FileSharing.StorageNode.Replication;

/// <summary>The nodes that live in this process, one or (in Standalone) several: records go to their open volumes by direct call.</summary>
public sealed class DirectPeers
{
    private readonly Lock changing = new();
    private volatile VolumeSet[] nodes = [];

    internal void Add(VolumeSet volumes)
    {
        lock (changing)
        {
            nodes = [.. nodes, volumes];
        }
    }

    internal void Remove(VolumeSet volumes)
    {
        lock (changing)
        {
            nodes = [.. nodes.Where(node => node != volumes)];
        }
    }

    /// <summary>The node that has it open; null when none in this process does.</summary>
    internal VolumeSet? Find(Guid volumeId)
    {
        foreach (var node in nodes)
        {
            if (node.Holds(volumeId))
            {
                return node;
            }
        }

        return null;
    }
}
