using FileSharing.Cluster.Map;

namespace FileSharing.StorageNode.Volumes;

/// <summary>
/// Keeps a node from making a new, empty volume where the cluster knows one. A mount that failed leaves an empty directory; a volume made there would
/// hide the records of the real one, and fill the disk below the mount point.
/// </summary>
/// <param name="directories">All of the node's.</param>
internal sealed class VolumeGuard(IReadOnlyList<string> directories, Guid nodeId, MapHolder map)
{
    /// <summary>Either copy makes it a volume.</summary>
    private static readonly string[] Identity = ["volume.json", "volume.json.2"];

    /// <summary>What an opening that was cut short leaves where no volume is.</summary>
    private static readonly string[] LeftByOpening = ["LOCK", "volume.json.tmp"];

    /// <summary>
    /// A further directory may be empty: a new volume is made in it. One for each volume of the map may not, and while one of these is empty, nobody can say
    /// which of the empty ones it is: all of them wait.
    /// </summary>
    /// <param name="wasOpen">Whether this process had a volume open there.</param>
    /// <exception cref="IOException">A volume is missing. Nothing was written.</exception>
    public void ThrowIfLost(string directory, bool wasOpen)
    {
        if (!IsEmpty(directory))
        {
            return;
        }

        var expected = map.Current?.Volumes.Count(volume => volume.NodeId == nodeId) ?? 0;
        if (wasOpen || directories.Count(HoldsVolume) < expected)
        {
            throw new IOException(
                $"{directory} is empty or absent (a failed mount?), and the cluster knows {expected} volume(s) of this node. Nothing was written. "
                    + "Mount the disk, and it is opened; if it is lost, remove 'cluster-map' from Node:Data and start again, to begin with an empty volume."
            );
        }
    }

    /// <summary>An opening would take it for a place for a new volume; what holds something else, it refuses itself.</summary>
    private static bool IsEmpty(string directory) =>
        !Directory.Exists(directory)
        || Directory
            .EnumerateFileSystemEntries(directory)
            .All(entry => LeftByOpening.Contains(Path.GetFileName(entry)));

    private static bool HoldsVolume(string directory) =>
        Identity.Any(name => File.Exists(Path.Combine(directory, name)));
}
