using System.Net;
using FileSharing.Chunks;
using FileSharing.Cluster;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace FileSharing.UnitTests.StorageNode;

/// <summary>Three real nodes, one of them behind a slow or dead link: nobody waits for it.</summary>
public sealed class SlowNodeTests
{
    private static readonly Func<MapVolume, bool> None = _ => false;

    private readonly PeerHealth health = new(TimeProvider.System, new Random(1), NullLogger<PeerHealth>.Instance);
    private readonly CountedBuffers buffers = new();

    [Fact]
    public async Task A_slow_owner_is_overtaken_and_not_asked_first_every_time()
    {
        await using var cluster = await NodeCluster.StartAsync();
        var id = await StoreAsync(cluster, seed: 1);
        await using var link = SlowDown(cluster, cluster.FirstOwnerOf(id), TimeSpan.FromSeconds(20));
        await using var transport = cluster.NewTransport(health, buffers.Rent);
        var reader = cluster.NewReader(transport, health);

        using (await reader.ReadAsync(id, None, CancellationToken.None).AsTask().WaitAsync(TimeSpan.FromSeconds(10)))
        {
            Assert.Equal(1, reader.HedgesWon);
        }

        for (var i = 0; i < 10; i++)
        {
            (await reader.ReadAsync(id, None, CancellationToken.None)).Dispose();
        }

        // On a busy machine the others may look as slow for a moment.
        Assert.InRange(link.Connections, 1, 3);
    }

    [Fact]
    public async Task When_all_owners_are_slow_second_questions_stay_within_their_budget()
    {
        await using var cluster = await NodeCluster.StartAsync();
        var id = await StoreAsync(cluster, seed: 2);
        await using var first = SlowDown(cluster, 0, TimeSpan.FromMilliseconds(200));
        await using var second = SlowDown(cluster, 1, TimeSpan.FromMilliseconds(200));
        await using var third = SlowDown(cluster, 2, TimeSpan.FromMilliseconds(200));
        await using var transport = cluster.NewTransport(health, buffers.Rent);
        var reader = cluster.NewReader(transport, health);

        var records = await Task.WhenAll(
            Enumerable.Range(0, 50).Select(_ => reader.ReadAsync(id, None, CancellationToken.None).AsTask())
        );

        Assert.All(records, record => record.Dispose());
        Assert.InRange(reader.Hedged, 1, 10 + (50 / 10));
    }

    [Fact]
    public async Task A_read_that_stops_in_the_middle_is_overtaken_and_gives_its_memory_back()
    {
        await using var cluster = await NodeCluster.StartAsync();
        var id = await StoreAsync(cluster, seed: 3);
        await using var stuck = await ScriptedApi.StartAsync(async context =>
        {
            context.Response.ContentLength = 1_000;
            await context.Response.Body.WriteAsync(new byte[10]);
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        cluster.Redirect(cluster.FirstOwnerOf(id), stuck.Url);
        await using var transport = cluster.NewTransport(health, buffers.Rent);
        var reader = cluster.NewReader(transport, health);

        (
            await reader.ReadAsync(id, None, CancellationToken.None).AsTask().WaitAsync(TimeSpan.FromSeconds(8))
        ).Dispose();

        Assert.InRange(buffers.Given, 2, 3);
        await NodeCluster.EventuallyAsync(() => buffers.Out == 0, "both buffers are back");
    }

    [Fact]
    public async Task A_dead_node_is_left_alone_after_three_calls_and_found_again()
    {
        await using var cluster = await NodeCluster.StartAsync();
        var id = await StoreAsync(cluster, seed: 4);
        await cluster.StopNodeAsync(2);
        await using var transport = cluster.NewTransport(health, buffers.Rent);
        var dead = cluster.Map.OwnersOf(id).Single(owner => owner.NodeId == cluster.Map.Nodes[2].NodeId);

        for (var i = 0; i < PeerHealth.FailuresMax; i++)
        {
            Assert.True(health.MayCall(dead.NodeId));
            Assert.Equal(FetchOutcome.Unreachable, await FetchAsync(transport, dead, id));
        }

        Assert.False(health.MayCall(dead.NodeId));
        Assert.Null(await transport.HasAsync(dead, [id], CancellationToken.None));
        await cluster.RestartNodeAsync(2);
        await NodeCluster.EventuallyAsync(() => health.MayCall(dead.NodeId), "it may be probed");
        Assert.Equal(FetchOutcome.Found, await FetchAsync(transport, dead, id));
        Assert.True(health.MayCall(dead.NodeId));
    }

    [Fact]
    public async Task A_put_to_a_node_that_is_left_alone_fails_at_once_for_that_owner()
    {
        await using var cluster = await NodeCluster.StartAsync();
        await using var link = SlowDown(cluster, 2, Timeout.InfiniteTimeSpan);
        await using var transport = cluster.NewTransport(health, buffers.Rent);
        var hanging = cluster.Map.Volumes.Single(volume => volume.NodeId == cluster.Map.Nodes[2].NodeId);
        using var record = new RecordLease(buffers.Rent(1_000), 1_000);
        var put = new PutRecord(hanging, cluster.Map.Version, Epoch: 1, Owed: true);
        for (var i = 0; i < PeerHealth.FailuresMax; i++)
        {
            using var call = health.TryBegin(hanging.NodeId);
            call!.Failed();
        }

        var refused = transport.PutAsync(put, record, CancellationToken.None);

        Assert.True(refused.IsCompleted);
        Assert.Equal(RecordStatus.Unreachable, await refused);
    }

    [Fact]
    public async Task A_damaged_copy_that_another_node_asked_for_is_healed()
    {
        await using var cluster = await NodeCluster.StartAsync();
        var id = await StoreAsync(cluster, seed: 5);
        var damaged = cluster.FirstOwnerOf(id);
        ReplicationTests.FlipByteInSegment(cluster.DataOf(damaged), 300_000);
        await using var transport = cluster.NewTransport(health, buffers.Rent);
        var volume = cluster.Map.OwnersOf(id)[0];
        Assert.Equal(FetchOutcome.Damaged, await FetchAsync(transport, volume, id));

        (await cluster.NewReader(transport, health).ReadAsync(id, None, CancellationToken.None)).Dispose();

        var store = cluster.Nodes[damaged]!.Volumes.Open[0].Store;
        await NodeCluster.EventuallyAsync(() => store.Stats().DamagedRecords == 0, "the copy is healed");
        Assert.Equal(FetchOutcome.Found, await FetchAsync(transport, volume, id));
    }

    [Fact]
    public async Task A_node_that_is_a_hundred_times_slower_slows_no_put_even_where_it_is_the_first_owner()
    {
        await using var cluster = await NodeCluster.StartAsync();
        await using var link = SlowDown(cluster, 2, TimeSpan.FromSeconds(2));
        var wasFirst = 0;

        for (var i = 0; i < 30; i++)
        {
            var chunk = NodeCluster.Random(50_000, seed: 100 + i);
            wasFirst += cluster.FirstOwnerOf(ChunkId.OfChunk(chunk)) == 2 ? 1 : 0;
            using var put = await cluster.PutAsync(i % 2, chunk).WaitAsync(link.Delay);
            Assert.Equal(HttpStatusCode.Created, put.StatusCode);
        }

        Assert.InRange(wasFirst, 1, 29);
    }

    [Fact]
    public async Task A_third_owner_that_hangs_stops_no_puts()
    {
        await using var cluster = await NodeCluster.StartAsync();
        await using var link = SlowDown(cluster, 2, Timeout.InfiniteTimeSpan);

        for (var i = 0; i < 60; i++)
        {
            using var put = await cluster
                .PutAsync(0, NodeCluster.Random(1 << 20, seed: 200 + i))
                .WaitAsync(TimeSpan.FromSeconds(10));
            Assert.Equal(HttpStatusCode.Created, put.StatusCode);
        }
    }

    private static SlowLink SlowDown(NodeCluster cluster, int node, TimeSpan delay)
    {
        var link = new SlowLink(cluster.Map.Nodes[node].Url) { Delay = delay };
        cluster.Redirect(node, link.Url);
        return link;
    }

    private static async Task<ChunkId> StoreAsync(NodeCluster cluster, int seed)
    {
        var chunk = NodeCluster.Random(600_000, seed);
        var id = ChunkId.OfChunk(chunk);
        (await cluster.PutAsync(0, chunk)).EnsureSuccessStatusCode();
        await NodeCluster.EventuallyAsync(() => cluster.Holders(id).All(holds => holds), "three copies");
        return id;
    }

    private static async Task<FetchOutcome> FetchAsync(HttpChunkTransport transport, MapVolume volume, ChunkId id)
    {
        var (outcome, record) = await transport.GetAsync(volume, id, answered: () => { }, CancellationToken.None);
        record?.Dispose();
        return outcome;
    }
}
