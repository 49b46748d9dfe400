using FileSharing.Cluster.Hosting;
using FileSharing.Cluster.Map;

namespace FileSharing.StorageNode;

/// <summary>
/// Keeps a node from making a new, empty volume where the cluster knows one. A mount that failed leaves an empty directory; a volume made there would
/// hide the records of the real one, and fill the disk below the mount point.
/// </summary>
internal static class VolumeGuard
{
    /// <summary>A further directory may be empty: a new volume is made in it. One for each volume of the map may not.</summary>
    /// <param name="known">The map that this node has kept.</param>
    /// <exception cref="SettingException">Fewer directories hold a volume than the map has volumes of this node.</exception>
    public static void ThrowIfLost(NodeSettings settings, Guid nodeId, ClusterMap known)
    {
        var expected = known.Volumes.Count(volume => volume.NodeId == nodeId);
        var empty = settings.Volumes.Where(HoldsNoVolume).ToList();
        if (empty.Count > 0 && settings.Volumes.Count - empty.Count < expected)
        {
            throw new SettingException(
                "Node:Volumes",
                $"{string.Join(", ", empty)} is empty or absent (a failed mount?), and the cluster knows {expected} volume(s) of this node. "
                    + "Nothing was written. Mount the disk and start again; if it is lost, remove 'cluster-map' from Node:Data to begin with an empty volume."
            );
        }
    }

    /// <summary>What an opening would take for a place for a new volume.</summary>
    private static bool HoldsNoVolume(string path) => !File.Exists(Path.Combine(path, "volume.json"));
}
