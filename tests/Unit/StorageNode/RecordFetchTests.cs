using System.Net;
using System.Runtime.CompilerServices;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Membership;
using FileSharing.StorageNode.Repair;
using FileSharing.UnitTests.Cluster;
using Microsoft.Extensions.Logging.Abstractions;

namespace FileSharing.UnitTests.StorageNode;

/// <summary>Many records in one call between real nodes: what goes over the wire, and what counts as fetched.</summary>
public sealed class RecordFetchTests : IDisposable
{
    private readonly BufferPool buffers = new(64L << 20);
    private readonly PeerHealth health = new(TimeProvider.System, new Random(1), NullLogger<PeerHealth>.Instance);

    [Fact]
    public async Task One_call_brings_what_is_there_and_what_is_absent_or_damaged_leaves_the_rest()
    {
        await using var cluster = await NodeCluster.StartAsync();
        var source = VolumeOf(cluster, 0);
        var (good, damaged) = (await PutAsync(cluster, 600_000, seed: 1), await PutAsync(cluster, 600_000, seed: 2));
        await NodeCluster.EventuallyAsync(
            () => cluster.Holders(good)[0] && cluster.Holders(damaged)[0],
            "both are there"
        );
        ReplicationTests.FlipByteInSegment(cluster.DataOf(0), 900_000);
        var absent = ChunkId.OfChunk([1]);
        await using var transport = cluster.NewTransport(health, buffers.Rent);

        var outcomes = new List<FetchOutcome>();
        await foreach (var (outcome, record) in transport.GetManyAsync(source, [absent, damaged, good], default))
        {
            outcomes.Add(outcome);
            if (record is not null)
            {
                Assert.True(RecordCodec.IsIntact(good, record.Record));
                record.Dispose();
            }
        }

        Assert.Equal([FetchOutcome.Absent, FetchOutcome.Damaged, FetchOutcome.Found], outcomes);
    }

    [Fact]
    public async Task When_the_peer_breaks_off_what_came_is_good_and_the_rest_is_unreachable()
    {
        await using var peer = await ScriptedApi.StartAsync(async context =>
        {
            var frame = new byte[FetchFrame.HeadBytes + 3];
            new FetchFrame(FetchOutcome.Found, 3).WriteTo(frame);
            // The connection is closed before what was announced; an abort would take what is still under way along.
            context.Response.ContentLength = frame.Length + 1;
            await context.Response.Body.WriteAsync(frame);
        });

        Assert.Equal(
            [FetchOutcome.Found, FetchOutcome.Unreachable, FetchOutcome.Unreachable],
            await OutcomesAsync(peer, ids: 3)
        );
    }

    [Fact]
    public async Task A_peer_that_falls_silent_between_two_records_is_not_waited_for()
    {
        await using var peer = await ScriptedApi.StartAsync(async context =>
        {
            await context.Response.Body.WriteAsync(new byte[FetchFrame.HeadBytes - 1]);
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });

        Assert.Equal(
            [FetchOutcome.Unreachable, FetchOutcome.Unreachable],
            await OutcomesAsync(peer, ids: 2).WaitAsync(TimeSpan.FromSeconds(10))
        );
    }

    [Theory]
    [InlineData(FetchOutcome.Unreachable, 0)]
    [InlineData(FetchOutcome.Absent, 1)]
    [InlineData(FetchOutcome.Found, 0)]
    [InlineData(FetchOutcome.Found, 1 << 30)]
    public async Task A_frame_that_makes_no_sense_ends_the_call(FetchOutcome outcome, int length)
    {
        await using var peer = await ScriptedApi.StartAsync(async context =>
        {
            var frame = new byte[FetchFrame.HeadBytes + 1];
            new FetchFrame(outcome, length).WriteTo(frame);
            await context.Response.Body.WriteAsync(frame);
        });

        Assert.Equal([FetchOutcome.Unreachable, FetchOutcome.Unreachable], await OutcomesAsync(peer, ids: 2));
    }

    [Fact]
    public async Task A_list_goes_through_several_ranges_in_order_and_on_after_an_id()
    {
        await using var cluster = await NodeCluster.StartAsync();
        var source = VolumeOf(cluster, 0);
        var ids = new List<ChunkId>();
        for (var seed = 0; seed < 12; seed++)
        {
            ids.Add(await PutAsync(cluster, 1_000, seed));
        }

        await NodeCluster.EventuallyAsync(() => ids.TrueForAll(id => cluster.Holders(id)[0]), "all are there");
        ids.Sort();
        HashRange[] ranges = [.. ids.Select(PartitionTable.PartitionOf).Distinct().Select(HashRange.OfPartition)];

        Assert.Equal(ids, await ListAsync(ranges, after: null));
        Assert.Equal(ids[5..], await ListAsync(ranges, after: ids[4]));
        Assert.Equal(ids[3..5], await ListAsync([ranges[3], ranges[4]], after: null));
        await Assert.ThrowsAsync<NodeCallException>(() => ListAsync([ranges[4], ranges[3]], after: null));
        await Assert.ThrowsAsync<NodeCallException>(() => ListAsync([ranges[4], ranges[4]], after: null));
        await Assert.ThrowsAsync<NodeCallException>(() => ListAsync([], after: null));

        async Task<IEnumerable<ChunkId>> ListAsync(HashRange[] some, ChunkId? after) =>
            (await cluster.Calls.ListAsync(source, new RangeListRequest(some, after), CancellationToken.None)).Select(
                record => record.Id
            );
    }

    [Fact]
    public async Task Small_records_are_asked_for_together_and_large_ones_a_few_at_a_time()
    {
        await using var cluster = await NodeCluster.StartAsync();
        var small = Enumerable.Range(0, 600).Select(_ => 5_000);
        var large = Enumerable.Range(0, 9).Select(_ => 1_500_000).Append(9_000_000);
        var asked = new List<int>();
        var source = new ScriptedTransport
        {
            GetMany = (_, ids) =>
            {
                lock (asked)
                {
                    asked.Add(ids.Count);
                }

                return Each(ids, _ => new FetchResult(FetchOutcome.Absent));
            },
        };

        var left = await FetchAsync(cluster, source, [.. small.Concat(large).Select(Listed)]);

        Assert.Equal([1, 1, 2, 2, 2, 90, 256, 256], asked.Order());
        Assert.Equal(610, left.Count);
    }

    [Fact]
    public async Task A_record_that_is_whole_but_another_than_was_asked_for_does_not_count()
    {
        await using var cluster = await NodeCluster.StartAsync();
        var chunk = NodeCluster.Random(5_000, seed: 7);
        var id = await PutAsync(cluster, 5_000, seed: 7);
        await NodeCluster.EventuallyAsync(() => cluster.Holders(id)[0], "it is there");
        using var stored = await cluster.Nodes[0]!
            .Volumes.Open[0]
            .Store.ReadRecordAsync(ChunkId.OfChunk(chunk), CancellationToken.None);
        var record = stored!.Memory.ToArray();
        var liar = new ScriptedTransport
        {
            GetMany = (_, ids) =>
                Each(
                    ids,
                    _ => new FetchResult(FetchOutcome.Found, new RecordLease(new UnpooledBytes(record), record.Length))
                ),
        };
        var wanted = new ListedRecord(ChunkId.OfChunk([1]), Epoch: 1, record.Length);

        Assert.Equal([wanted], await FetchAsync(cluster, liar, [wanted]));
        Assert.Empty(await FetchAsync(cluster, liar, [wanted with { Id = id }]));
    }

    private static async Task<IReadOnlyCollection<ListedRecord>> FetchAsync(
        NodeCluster cluster,
        IChunkTransport transport,
        IReadOnlyList<ListedRecord> records
    )
    {
        var node = cluster.Nodes[1]!;
        var fetch = new RecordFetch(
            node.Map,
            node.Volumes,
            transport,
            new RepairBudgets(() => RepairPace.Default, TimeProvider.System),
            TimeProvider.System
        );
        return await fetch.RunAsync(
            node.Volumes.Open[0],
            VolumeOf(cluster, 0),
            records,
            TestContext.Current.CancellationToken
        );
    }

    private async Task<List<FetchOutcome>> OutcomesAsync(ScriptedApi peer, int ids)
    {
        var nodes = Enumerable.Range(0, 3).Select(i => new MapNode(Guid.NewGuid(), $"{i}", peer.Url, "z")).ToList();
        var volumes = nodes.Select(node => new MapVolume(Guid.NewGuid(), node.NodeId, 1)).ToList();
        var map = new MapHolder();
        map.Offer(ClusterMap.Build(1, Guid.NewGuid(), nodes, volumes));
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        await using var transport = new HttpChunkTransport(http, map, health, buffers.Rent)
        {
            RecordTimeout = TimeSpan.FromMilliseconds(500),
        };
        var outcomes = new List<FetchOutcome>();
        var wanted = Enumerable.Range(0, ids).Select(i => ChunkId.OfChunk([(byte)i])).ToList();
        await foreach (var (outcome, record) in transport.GetManyAsync(volumes[0], wanted, CancellationToken.None))
        {
            outcomes.Add(outcome);
            record?.Dispose();
        }

        return outcomes;
    }

    private static async IAsyncEnumerable<FetchResult> Each(
        IReadOnlyList<ChunkId> ids,
        Func<ChunkId, FetchResult> answer,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        foreach (var id in ids)
        {
            await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
            yield return answer(id);
        }
    }

    private static ListedRecord Listed(int bytes, int number) =>
        new(ChunkId.OfChunk(BitConverter.GetBytes(number)), Epoch: 1, bytes);

    private static async Task<ChunkId> PutAsync(NodeCluster cluster, int bytes, int seed)
    {
        var chunk = NodeCluster.Random(bytes, seed);
        Assert.Equal(HttpStatusCode.Created, (await cluster.PutAsync(0, chunk)).StatusCode);
        return ChunkId.OfChunk(chunk);
    }

    private static MapVolume VolumeOf(NodeCluster cluster, int node) =>
        cluster.Map.Volumes.First(volume => volume.NodeId == cluster.Map.Nodes[node].NodeId);

    public void Dispose() => buffers.Dispose();
}
