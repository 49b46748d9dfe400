using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.UnitTests.StorageNode;
using Microsoft.Extensions.Logging.Abstractions;

namespace FileSharing.UnitTests.Cluster;

public sealed class RecordTransferTests
{
    [Fact]
    public async Task A_peer_that_falls_silent_in_the_middle_of_a_record_counts_as_unreachable()
    {
        await using var peer = await ScriptedApi.StartAsync(async context =>
        {
            context.Response.ContentLength = 1_000;
            await context.Response.Body.WriteAsync(new byte[10]);
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        var nodes = Enumerable.Range(0, 3).Select(i => new MapNode(Guid.NewGuid(), $"{i}", peer.Url, "z")).ToList();
        var volumes = nodes.Select(node => new MapVolume(Guid.NewGuid(), node.NodeId, 1)).ToList();
        var map = new MapHolder();
        map.Offer(ClusterMap.Build(1, Guid.NewGuid(), nodes, volumes));
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var buffers = new BufferPool(1 << 20);
        await using var transport = new HttpChunkTransport(
            http,
            map,
            new PeerHealth(TimeProvider.System, new Random(1), NullLogger<PeerHealth>.Instance),
            buffers.Rent
        )
        {
            RecordTimeout = TimeSpan.FromMilliseconds(200),
        };

        var fetched = await transport
            .GetAsync(volumes[0], ChunkId.OfChunk([1]), answered: () => { }, CancellationToken.None)
            .AsTask()
            .WaitAsync(TimeSpan.FromSeconds(10));

        Assert.Equal(FetchOutcome.Unreachable, fetched.Outcome);
    }
}
