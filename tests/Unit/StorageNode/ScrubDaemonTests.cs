using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Wire;

namespace FileSharing.UnitTests.StorageNode;

/// <summary>A byte on the disk of a running node has turned: it is found by looking, counts as no copy, and another owner's takes its place.</summary>
public sealed class ScrubDaemonTests
{
    [Fact]
    public async Task An_asked_for_scrub_finds_the_damage_and_it_is_healed_from_another_owner()
    {
        await using var cluster = await NodeCluster.StartAsync();
        var (chunk, volume) = await PutEverywhereAsync(cluster, seed: 1);
        var id = ChunkId.OfChunk(chunk);
        var never = await cluster.Calls.ScrubStatusAsync(cluster.Map.Nodes[0], volume.VolumeId, CancellationToken.None);
        ReplicationTests.FlipByteInSegment(cluster.DataOf(0), 100_000);

        var status = await ScrubAsync(cluster, volume);

        Assert.Equal(ScrubStatus.Never, never.State);
        Assert.Equal(ScrubStatus.Done, status.State);
        Assert.Equal((1, 1L), (status.Run, status.Damaged));
        await NodeCluster.EventuallyAsync(
            () => cluster.Nodes[0]!.Volumes.Open[0].Store.Stats().DamagedRecords == 0,
            "the copy is healed"
        );
        Assert.True(cluster.Nodes[0]!.Volumes.Open[0].Store.Has(id));
        Assert.Equal(0, (await ScrubAsync(cluster, volume)).Damaged);
        var read = await cluster.GetAsync(0, UrlGrant.GetChunk(id, chunk.Length));
        Assert.Equal(chunk, await read.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Known_damage_counts_as_no_copy_until_an_owner_is_back_that_heals_it()
    {
        await using var cluster = await NodeCluster.StartAsync();
        var (chunk, volume) = await PutEverywhereAsync(cluster, seed: 2);
        var id = ChunkId.OfChunk(chunk);
        await cluster.StopNodeAsync(1);
        await cluster.StopNodeAsync(2);
        ReplicationTests.FlipByteInSegment(cluster.DataOf(0), 100_000);

        Assert.Equal(1, (await ScrubAsync(cluster, volume)).Damaged);
        Assert.Equal([false], await cluster.Calls.HasAsync(volume, [id], CancellationToken.None));
        await cluster.StopNodeAsync(0);
        await cluster.RestartNodeAsync(0);
        Assert.Equal([id], cluster.Nodes[0]!.Volumes.Open[0].Store.ListDamaged(null, 10));

        await cluster.RestartNodeAsync(1);
        await NodeCluster.EventuallyAsync(
            () => cluster.Nodes[0]!.Volumes.Open[0].Store.Has(id),
            "the copy is healed without anybody reading it",
            seconds: 60
        );
    }

    private static async Task<(byte[] Chunk, MapVolume Volume)> PutEverywhereAsync(NodeCluster cluster, int seed)
    {
        var chunk = NodeCluster.Random(200_000, seed);
        (await cluster.PutAsync(0, chunk)).EnsureSuccessStatusCode();
        await NodeCluster.EventuallyAsync(
            () =>
                cluster.Holders(ChunkId.OfChunk(chunk)).All(holds => holds)
                && cluster.Nodes.All(node => node!.Volumes.Open[0].Store.Stats().Owed == 0),
            "three copies, and nobody owes one"
        );
        var first = cluster.Nodes[0]!.Volumes.Open[0].VolumeId;
        return (chunk, cluster.Map.Volumes.Single(volume => volume.VolumeId == first));
    }

    private static async Task<ScrubStatus> ScrubAsync(NodeCluster cluster, MapVolume volume)
    {
        var node = cluster.Map.Nodes[0];
        var status = await cluster.Calls.StartScrubAsync(node, volume.VolumeId, CancellationToken.None);
        for (var i = 0; i < 200 && status.State is ScrubStatus.Waiting or ScrubStatus.Running; i++)
        {
            await Task.Delay(100);
            status = await cluster.Calls.ScrubStatusAsync(node, volume.VolumeId, CancellationToken.None);
        }

        return status;
    }
}
