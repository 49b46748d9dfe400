using System.Net;
using System.Security.Cryptography;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Repair;
using FileSharing.UnitTests.Cluster;
using Microsoft.Extensions.Logging.Abstractions;

namespace FileSharing.UnitTests.StorageNode;

public sealed class ChallengerTests
{
    private const int ChunkBytes = 20_000;

    [Fact]
    public async Task Only_what_all_owners_have_confirmed_is_asked_for_since_the_rest_may_be_on_its_way()
    {
        await using var cluster = await NodeCluster.StartAsync();
        var everywhere = await PutAsync(cluster, seed: 1);
        var own = cluster.Nodes[0]!.Volumes.Open[0];
        await NodeCluster.EventuallyAsync(
            () => cluster.Holders(everywhere).All(holds => holds) && own.Store.ListOwed(null, 1).Count == 0,
            "all copies are confirmed"
        );
        await cluster.StopNodeAsync(2);
        var owed = await PutAsync(cluster, seed: 2);
        using var random = RandomNumberGenerator.Create();
        var challenger = new Challenger(new ProvesNothing(), random, NullLogger<Challenger>.Instance);
        var silent = cluster.Map.Volumes.Single(volume => volume.NodeId == cluster.Map.Nodes[2].NodeId);

        await challenger.RunAsync(own, silent, [PartitionTable.PartitionOf(owed)], CancellationToken.None);
        Assert.Empty(own.Activity.ChallengesFailed);

        await challenger.RunAsync(own, silent, [PartitionTable.PartitionOf(everywhere)], CancellationToken.None);
        Assert.Equal(1, own.Activity.ChallengesFailed[silent.VolumeId]);
    }

    private static async Task<ChunkId> PutAsync(NodeCluster cluster, int seed)
    {
        var chunk = NodeCluster.Random(ChunkBytes, seed);
        Assert.Equal(HttpStatusCode.Created, (await cluster.PutAsync(0, chunk)).StatusCode);
        return ChunkId.OfChunk(chunk);
    }

    /// <summary>A volume that proves nothing of what it is asked for.</summary>
    private sealed class ProvesNothing : SilentVolumeCalls
    {
        public override Task<IReadOnlyList<byte[]?>> ChallengeAsync(
            MapVolume volume,
            ChallengeRequest request,
            CancellationToken cancellationToken
        ) => Task.FromResult<IReadOnlyList<byte[]?>>(new byte[]?[request.Ids.Count]);
    }
}
