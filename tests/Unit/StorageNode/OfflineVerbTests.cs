using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster.Signing;
using FileSharing.StorageNode.Offline;

namespace FileSharing.UnitTests.StorageNode;

/// <summary>The offline verbs on volumes that real nodes have written, after the nodes have stopped.</summary>
public sealed class OfflineVerbTests : IAsyncLifetime
{
    private readonly string output = Directory.CreateTempSubdirectory("fileshare-export-").FullName;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        Directory.Delete(output, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Export_writes_every_file_from_one_node_s_disk_and_the_root_key_and_changes_nothing()
    {
        await using var cluster = await NodeCluster.StartAsync();
        byte[][] chunks = [NodeCluster.Random(300_000, 1), NodeCluster.Random(50_000, 2), NodeCluster.Random(1, 3)];
        var single = NodeCluster.Random(70_000, 4);
        var file = await cluster.PutFileAsync(chunks);
        (await cluster.PutAsync(0, single)).EnsureSuccessStatusCode();
        ChunkId[] ids = [.. chunks.Select(chunk => ChunkId.OfChunk(chunk)), ChunkId.OfChunk(single), IdOf(file)];
        await NodeCluster.EventuallyAsync(() => ids.All(id => cluster.Holders(id)[1]), "all copies are on node 2");
        await StopAllAsync(cluster);
        var before = Fingerprint(cluster.DataOf(1));

        var exit = await OfflineVerbs.RunAsync(
            ["export", cluster.DataOf(1), "--to", output, "--root-key-file", cluster.RootKeyFile],
            CancellationToken.None
        );

        Assert.Equal(OfflineVerbs.ExitOk, exit);
        Assert.Equal(chunks.SelectMany(chunk => chunk), Exported("files", IdOf(file)));
        Assert.Equal(single, Exported("chunks", ChunkId.OfChunk(single)));
        Assert.Equal(3, Directory.GetFiles(output, "*", SearchOption.AllDirectories).Length);
        Assert.Equal(before, Fingerprint(cluster.DataOf(1)));
    }

    [Fact]
    public async Task Export_takes_what_one_volume_has_damaged_from_another_and_says_what_is_missing()
    {
        await using var cluster = await NodeCluster.StartAsync();
        byte[][] chunks = [NodeCluster.Random(300_000, 1), NodeCluster.Random(200_000, 2)];
        var file = await cluster.PutFileAsync(chunks);
        ChunkId[] ids = [.. chunks.Select(chunk => ChunkId.OfChunk(chunk)), IdOf(file)];
        await NodeCluster.EventuallyAsync(() => ids.All(id => cluster.Holders(id)[2]), "all copies are on node 3");
        await StopAllAsync(cluster);
        Damage(cluster.DataOf(0), ChunkId.OfChunk(chunks[0]));

        var alone = Path.Combine(output, "alone");
        var exit = await ExportAsync(cluster, alone, cluster.DataOf(0));
        Assert.Equal(OfflineVerbs.ExitDamaged, exit);
        var incomplete = Directory.GetFiles(Path.Combine(alone, "files"), "*.incomplete", SearchOption.AllDirectories);
        byte[] expected = [.. new byte[300_000], .. chunks[1]];
        Assert.Equal(expected, await File.ReadAllBytesAsync(Assert.Single(incomplete)));

        var together = Path.Combine(output, "together");
        Assert.Equal(OfflineVerbs.ExitOk, await ExportAsync(cluster, together, cluster.DataOf(0), cluster.DataOf(2)));
        Assert.Equal(chunks.SelectMany(chunk => chunk), Exported("together/files", IdOf(file)));
    }

    [Fact]
    public async Task Export_refuses_a_running_node_a_wrong_key_and_a_missing_one()
    {
        await using var cluster = await NodeCluster.StartAsync();
        (await cluster.PutAsync(0, NodeCluster.Random(1000, 1))).EnsureSuccessStatusCode();
        Assert.Equal(OfflineVerbs.ExitFailed, await ExportAsync(cluster, Path.Combine(output, "a"), cluster.DataOf(0)));
        await StopAllAsync(cluster);

        var wrong = Path.Combine(output, "wrong.key");
        await File.WriteAllTextAsync(wrong, new string('a', 64));
        File.SetUnixFileMode(wrong, UnixFileMode.UserRead);
        string[] export = ["export", cluster.DataOf(0), "--to", Path.Combine(output, "b")];
        Assert.Equal(
            OfflineVerbs.ExitFailed,
            await OfflineVerbs.RunAsync([.. export, "--root-key-file", wrong], CancellationToken.None)
        );
        Assert.Equal(OfflineVerbs.ExitUsage, await OfflineVerbs.RunAsync(export, CancellationToken.None));
        Assert.Equal(
            OfflineVerbs.ExitFailed,
            await OfflineVerbs.RunAsync(["export", output, "--to", Path.Combine(output, "c")], CancellationToken.None)
        );
    }

    [Theory]
    [InlineData()]
    [InlineData("--from-batches")]
    public async Task Rebuild_index_makes_the_index_anew_and_the_node_serves_again(params string[] options)
    {
        await using var cluster = await NodeCluster.StartAsync();
        var chunk = NodeCluster.Random(300_000, 1);
        (await cluster.PutAsync(0, chunk)).EnsureSuccessStatusCode();
        await cluster.StopNodeAsync(0);
        Directory.Delete(Path.Combine(cluster.DataOf(0), "volume-1", "index"), recursive: true);

        var exit = await OfflineVerbs.RunAsync(
            ["rebuild-index", cluster.DataOf(0), .. options],
            CancellationToken.None
        );

        Assert.Equal(OfflineVerbs.ExitOk, exit);
        cluster.KeepMap(0);
        await cluster.RestartNodeAsync(0);
        Assert.True(cluster.Holders(ChunkId.OfChunk(chunk))[0]);
        Assert.False(cluster.Nodes[0]!.Volumes.Open[0].Store.Recovery.IndexRebuilt);
    }

    private static async Task StopAllAsync(NodeCluster cluster)
    {
        for (var i = 0; i < 3; i++)
        {
            await cluster.StopNodeAsync(i);
        }
    }

    private static ChunkId IdOf(UrlGrant file) => ChunkId.Parse(file.Path.Split('/')[^1]);

    private static Task<int> ExportAsync(NodeCluster cluster, string to, params string[] directories) =>
        OfflineVerbs.RunAsync(
            ["export", .. directories, "--to", to, "--root-key-file", cluster.RootKeyFile],
            CancellationToken.None
        );

    private byte[] Exported(string folder, ChunkId id) =>
        File.ReadAllBytes(Path.Combine(output, folder, id.ToString()[..2], id.ToString()));

    private static void Damage(string data, ChunkId id)
    {
        var idBytes = new byte[ChunkId.Bytes];
        id.CopyTo(idBytes);
        foreach (var path in Directory.GetFiles(data, "*.seg", SearchOption.AllDirectories))
        {
            var bytes = File.ReadAllBytes(path);
            if (bytes.AsSpan().IndexOf(idBytes) is var at and >= 0)
            {
                bytes[at + 5000] ^= 1;
                File.WriteAllBytes(path, bytes);
            }
        }
    }

    /// <summary>Names, lengths and times of everything below.</summary>
    private static string Fingerprint(string directory) =>
        string.Join(
            '\n',
            new DirectoryInfo(directory)
                .EnumerateFiles("*", SearchOption.AllDirectories)
                .OrderBy(file => file.FullName, StringComparer.Ordinal)
                .Select(file => $"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks}")
        );
}
