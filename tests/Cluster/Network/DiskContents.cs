using System.Security.Cryptography;

namespace FileSharing.ClusterTests.Network;

/// <summary>What a single disk holds, read with the program for emergencies: no other node, no index, no database.</summary>
internal static class DiskContents
{
    private static readonly string Program = Path.Combine(Shell.Root, "artifacts", "bin", "storage-node");

    /// <summary>Files of the journal that the disk of a stopped node does not hold byte for byte.</summary>
    public static async Task<IReadOnlyList<string>> LackingAsync(
        NetworkCluster cluster,
        StorageNode node,
        FileJournal journal
    )
    {
        var directory = cluster.PathOf($"export-{node.Name}");
        (
            await Shell.RunAsync(
                Program,
                ["export", node.Volume, "--to", directory, "--root-key-file", cluster.RootKeyFile]
            )
        ).Succeeded();
        var held = new HashSet<string>(StringComparer.Ordinal);
        foreach (var path in Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories))
        {
            await using var file = File.OpenRead(path);
            held.Add(Convert.ToHexStringLower(await SHA256.HashDataAsync(file)));
        }

        Directory.Delete(directory, recursive: true);
        return
        [
            .. journal
                .All()
                .Where(file => !held.Contains(file.Sha256))
                .Select(file => $"{file.Name} is not on the disk of node {node.Name}"),
        ];
    }
}
