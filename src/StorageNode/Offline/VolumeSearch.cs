namespace FileSharing.StorageNode.Offline;

/// <summary>Finds volumes below directories that a person names.</summary>
internal static class VolumeSearch
{
    /// <summary>From a product's data directory it is two steps to a volume.</summary>
    private const int DepthMax = 3;

    /// <returns>Paths of volumes, each once, in order.</returns>
    /// <exception cref="IOException">Nothing is found below one of them.</exception>
    public static IReadOnlyList<string> Find(IEnumerable<string> directories)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var directory in directories.Select(Path.GetFullPath))
        {
            var before = found.Count;
            Collect(directory, DepthMax, found);
            if (found.Count == before && !found.Contains(directory))
            {
                throw new IOException($"There is no volume (no volume.json) in or below {directory}.");
            }
        }

        return [.. found];
    }

    private static void Collect(string directory, int depth, SortedSet<string> found)
    {
        if (File.Exists(Path.Combine(directory, "volume.json")))
        {
            found.Add(directory);
            return;
        }

        if (depth == 0 || !Directory.Exists(directory))
        {
            return;
        }

        foreach (var below in Directory.EnumerateDirectories(directory))
        {
            try
            {
                Collect(below, depth - 1, found);
            }
            catch (UnauthorizedAccessException)
            {
                // Somebody else's, as the directory of Postgres is: no volume of ours.
            }
        }
    }
}
