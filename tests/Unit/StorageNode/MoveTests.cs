using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode;
using FileSharing.StorageNode.Repair;
using Microsoft.AspNetCore.Http;

namespace FileSharing.UnitTests.StorageNode;

/// <summary>Real nodes while the map changes: the test publishes the maps that the API would, and hears the reports.</summary>
public sealed class MoveTests
{
    private const int ChunkBytes = 20_000;
    private const int Chunks = 24;

    private readonly ConcurrentQueue<PartitionReport> reports = new();

    [Fact]
    public async Task A_replica_goes_to_another_volume_and_every_chunk_is_readable_at_every_step()
    {
        await using var api = await ScriptedApi.StartAsync(TakeReportsAsync);
        await using var cluster = await NodeCluster.StartAsync(settings => Eager(settings, api.Url), nodes: 4);
        var chunks = await PutChunksAsync(cluster, first: 0);
        var start = cluster.Map;
        var partitions = chunks.Select(PartitionOf).Distinct().ToList();
        var from = VolumeOf(cluster, 0);
        var to = VolumeOf(cluster, 3);

        cluster.Publish(Moving(start, partitions, from, to, MoveState.Copying));
        await ReadAllAsync(cluster, chunks);
        chunks.AddRange(await PutChunksAsync(cluster, first: Chunks));
        cluster.RaiseFloor();
        await ReportedAsync(cluster, partitions, sources: 3);
        Assert.All(
            chunks.Where(chunk => partitions.Contains(PartitionOf(chunk))),
            chunk => Assert.True(Holds(cluster, 3, chunk))
        );

        reports.Clear();
        cluster.Publish(Moving(start, partitions, from, to, MoveState.Leaving));
        await ReadAllAsync(cluster, chunks);
        Assert.All(chunks, chunk => Assert.True(Holds(cluster, 0, chunk)));
        cluster.RaiseFloor();
        await ReportedAsync(cluster, partitions, sources: 1);

        cluster.Publish(Moved(cluster.Map));
        await ReadAllAsync(cluster, chunks);
        cluster.RaiseFloor();
        await NodeCluster.EventuallyAsync(
            () => chunks.TrueForAll(chunk => Holds(cluster, 0, chunk) != partitions.Contains(PartitionOf(chunk))),
            "the old volume has given up what moved, and nothing else"
        );
        await ReadAllAsync(cluster, chunks);
    }

    [Fact]
    public async Task What_belongs_elsewhere_stays_until_everybody_has_the_map_that_says_so()
    {
        await using var cluster = await NodeCluster.StartAsync(settings => Eager(settings, api: null), nodes: 4);
        var chunks = await PutChunksAsync(cluster, first: 0);
        var partitions = chunks.Select(PartitionOf).Distinct().ToList();
        var (from, to) = (VolumeOf(cluster, 0), VolumeOf(cluster, 3));

        cluster.Publish(Moving(cluster.Map, partitions, from, to, MoveState.Leaving));
        cluster.Publish(Moved(cluster.Map));
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        Assert.All(chunks, chunk => Assert.True(Holds(cluster, 0, chunk)));

        cluster.RaiseFloor();
        await NodeCluster.EventuallyAsync(
            () => chunks.TrueForAll(chunk => Holds(cluster, 3, chunk) && !Holds(cluster, 0, chunk)),
            "they are handed over, although nobody had fetched them, and given up"
        );
    }

    [Fact]
    public async Task What_the_new_owner_cannot_take_stays_where_it_is()
    {
        await using var cluster = await NodeCluster.StartAsync(
            settings => Eager(settings, api: null) with { FreeBytesMin = settings.Name == "4" ? long.MaxValue : 0 },
            nodes: 4
        );
        var chunks = await PutChunksAsync(cluster, first: 0);
        var partitions = chunks.Select(PartitionOf).Distinct().ToList();
        var (from, to) = (VolumeOf(cluster, 0), VolumeOf(cluster, 3));

        cluster.Publish(Moving(cluster.Map, partitions, from, to, MoveState.Leaving));
        cluster.Publish(Moved(cluster.Map));
        cluster.RaiseFloor();
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);

        Assert.All(chunks, chunk => Assert.False(Holds(cluster, 3, chunk)));
        Assert.All(chunks, chunk => Assert.True(Holds(cluster, 0, chunk)));
    }

    [Fact]
    public async Task A_hint_stands_in_for_an_owner_that_is_down_and_is_handed_over_when_it_is_back()
    {
        await using var cluster = await NodeCluster.StartAsync(settings => Eager(settings, api: null), nodes: 4);
        var down = VolumeOf(cluster, 0);
        var hint = VolumeOf(cluster, 3);
        await cluster.StopNodeAsync(0);
        cluster.Publish(WithDown(cluster.Map, down));
        cluster.RaiseFloor();
        var chunk = NodeCluster.Random(ChunkBytes, seed: 1);

        Assert.Equal(HttpStatusCode.Created, (await cluster.PutAsync(1, chunk)).StatusCode);
        await NodeCluster.EventuallyAsync(() => Holds(cluster, 3, chunk), "the hint volume has it");
        await cluster.StopNodeAsync(1);
        await cluster.StopNodeAsync(2);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(cluster, 3, chunk)).StatusCode);

        await cluster.RestartNodeAsync(1);
        await cluster.RestartNodeAsync(2);
        await cluster.RestartNodeAsync(0);
        cluster.Publish(WithDown(cluster.Map, down: null));
        cluster.RaiseFloor();
        await NodeCluster.EventuallyAsync(
            () => Holds(cluster, 0, chunk) && !Holds(cluster, 3, chunk),
            "the owner has it, and the hint volume has not"
        );
        Assert.NotEqual(hint, down);
    }

    [Fact]
    public async Task What_a_volume_has_lost_is_found_by_comparing_and_fetched()
    {
        await using var api = await ScriptedApi.StartAsync(TakeReportsAsync);
        await using var cluster = await NodeCluster.StartAsync(settings => Eager(settings, api.Url));
        var chunks = await PutChunksAsync(cluster, first: 0);
        await NodeCluster.EventuallyAsync(() => chunks.TrueForAll(chunk => Holds(cluster, 2, chunk)), "three copies");

        await cluster.Nodes[2]!
            .Volumes.Open[0]
            .Store.DeleteAsync(
                [.. chunks.Select(chunk => ChunkId.OfChunk(chunk))],
                TestContext.Current.CancellationToken
            );

        await NodeCluster.EventuallyAsync(() => chunks.TrueForAll(chunk => Holds(cluster, 2, chunk)), "they are back");
        await NodeCluster.EventuallyAsync(
            () =>
                chunks
                    .Select(PartitionOf)
                    .All(partition =>
                        reports.Any(report =>
                            report.Partition == partition
                            && report.Volume == VolumeOf(cluster, 2)
                            && report is { Lacking: 0, Records: > 0 }
                        )
                    ),
            "it is reported as whole"
        );
    }

    [Fact]
    public async Task What_cannot_be_taken_is_reported_as_lacking_and_never_as_held()
    {
        await using var api = await ScriptedApi.StartAsync(TakeReportsAsync);
        await using var cluster = await NodeCluster.StartAsync(settings =>
            Eager(settings, api.Url) with
            {
                FreeBytesMin = settings.Name == "3" ? long.MaxValue : 0,
            }
        );
        var chunk = NodeCluster.Random(ChunkBytes, seed: 1);
        Assert.Equal(HttpStatusCode.Created, (await cluster.PutAsync(1, chunk)).StatusCode);

        await NodeCluster.EventuallyAsync(
            () => LastOf(cluster, 2, chunk) is { Lacking: 1, BytesLeft: > ChunkBytes, Records: 0 },
            "the record is lacking"
        );
        Assert.DoesNotContain(
            reports,
            report => IsOf(report, cluster, 2, chunk) && report is { Lacking: 0, Records: > 0 }
        );
    }

    private PartitionReport? LastOf(NodeCluster cluster, int node, byte[] chunk) =>
        reports.LastOrDefault(report => IsOf(report, cluster, node, chunk));

    private static bool IsOf(PartitionReport report, NodeCluster cluster, int node, byte[] chunk) =>
        report.Volume == VolumeOf(cluster, node) && report.Partition == PartitionOf(chunk);

    [Fact]
    public async Task A_volume_that_lists_what_its_disk_has_lost_is_found_by_a_challenge()
    {
        await using var api = await ScriptedApi.StartAsync(TakeReportsAsync);
        await using var cluster = await NodeCluster.StartAsync(settings => Eager(settings, api.Url));
        await PutChunksAsync(cluster, first: 0);
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        Assert.All(cluster.Nodes, node => Assert.Empty(node!.Volumes.Open[0].Activity.ChallengesFailed));

        FlipLastBytesOfEverySegment(cluster.DataOf(1));

        await NodeCluster.EventuallyAsync(
            () =>
                cluster.Nodes[0]!.Volumes.Open[0].Activity.ChallengesFailed.GetValueOrDefault(VolumeOf(cluster, 1)) > 0,
            "another volume has noticed"
        );
        Assert.Empty(cluster.Nodes[1]!.Volumes.Open[0].Activity.ChallengesFailed);
        Assert.Equal([VolumeOf(cluster, 1)], cluster.Nodes[0]!.Volumes.Open[0].Activity.ChallengesFailed.Keys);
    }

    [Fact]
    public async Task A_node_that_has_not_heard_from_the_API_for_too_long_takes_no_records_until_it_does()
    {
        await using var cluster = await NodeCluster.StartAsync(settings => Eager(settings, api: null));
        var map = cluster.Map;
        cluster.Publish(
            new ClusterMap(map.Version + 1, map.ClusterId, map.Nodes, map.Volumes, map.Table, [])
            {
                ReplaceAfter = TimeSpan.FromMinutes(15),
            }
        );
        var chunk = NodeCluster.Random(ChunkBytes, seed: 1);

        var refused = await cluster.PutAsync(0, chunk);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Contains(
            "API",
            await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal
        );

        cluster.RaiseFloor();
        Assert.Equal(HttpStatusCode.Created, (await cluster.PutAsync(0, chunk)).StatusCode);
    }

    private static NodeSettings Eager(NodeSettings settings, Uri? api) =>
        settings with
        {
            ApiUrl = api ?? settings.ApiUrl,
            PartitionSync = new PartitionSyncSettings(
                Look: TimeSpan.FromMilliseconds(20),
                Interval: TimeSpan.FromMilliseconds(100),
                StrayInterval: TimeSpan.FromMilliseconds(100)
            ),
        };

    private async Task TakeReportsAsync(HttpContext context)
    {
        if (!context.Request.Path.Value!.EndsWith("/reports", StringComparison.Ordinal))
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        var body = await JsonSerializer.DeserializeAsync(context.Request.Body, WireJson.Default.PartitionReports);
        foreach (var report in body!.Items)
        {
            reports.Enqueue(report);
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary>Everyone who may have what the new volume lacks has been compared with, at the floor of the present map.</summary>
    private Task ReportedAsync(NodeCluster cluster, IReadOnlyList<int> partitions, int sources) =>
        NodeCluster.EventuallyAsync(
            () =>
                partitions.All(partition =>
                    reports
                        .Where(report =>
                            report.Partition == partition
                            && report.Volume == VolumeOf(cluster, 3)
                            && report.Floor == cluster.Map.Version
                            && report.Lacking == 0
                        )
                        .Select(report => report.Source)
                        .Distinct()
                        .Count() >= sources
                ),
            "the new volume has reported every partition whole"
        );

    private static async Task<List<byte[]>> PutChunksAsync(NodeCluster cluster, int first)
    {
        var chunks = Enumerable.Range(first, Chunks).Select(seed => NodeCluster.Random(ChunkBytes, seed)).ToList();
        foreach (var chunk in chunks)
        {
            Assert.Equal(HttpStatusCode.Created, (await cluster.PutAsync(1, chunk)).StatusCode);
        }

        await NodeCluster.EventuallyAsync(
            () =>
                chunks.TrueForAll(chunk =>
                    cluster.Map.OwnersOf(ChunkId.OfChunk(chunk)).All(owner => Holds(cluster, owner.VolumeId, chunk))
                ),
            "all owners have them"
        );
        return chunks;
    }

    private static async Task ReadAllAsync(NodeCluster cluster, IReadOnlyList<byte[]> chunks)
    {
        for (var node = 0; node < cluster.Nodes.Length; node++)
        {
            foreach (var chunk in chunks)
            {
                using var response = await GetAsync(cluster, node, chunk);
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                Assert.Equal(chunk, await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
            }
        }
    }

    private static Task<HttpResponseMessage> GetAsync(NodeCluster cluster, int node, byte[] chunk) =>
        cluster.GetAsync(
            node,
            UrlGrant.GetFile(ChunkId.OfChunk(chunk), RecordKind.Chunk, chunk.Length, "a", "application/octet-stream")
        );

    private static int PartitionOf(byte[] chunk) => PartitionTable.PartitionOf(ChunkId.OfChunk(chunk));

    private static Guid VolumeOf(NodeCluster cluster, int node) =>
        cluster.Map.Volumes.First(volume => volume.NodeId == cluster.Map.Nodes[node].NodeId).VolumeId;

    private static bool Holds(NodeCluster cluster, int node, byte[] chunk) =>
        cluster.Nodes[node]!.Volumes.Open[0].Store.Has(ChunkId.OfChunk(chunk));

    private static bool Holds(NodeCluster cluster, Guid volumeId, byte[] chunk) =>
        cluster
            .Nodes.SelectMany(node => node?.Volumes.Open ?? [])
            .Where(volume => volume.VolumeId == volumeId)
            .Any(volume => volume.Store.Has(ChunkId.OfChunk(chunk)));

    /// <summary>The next map: these partitions' replicas on one volume are on their way to another.</summary>
    private static ClusterMap Moving(
        ClusterMap start,
        IReadOnlyList<int> partitions,
        Guid from,
        Guid to,
        MoveState state
    )
    {
        var volumes = start.Volumes.Select(volume => volume.VolumeId).ToList();
        var (source, target) = ((ushort)volumes.IndexOf(from), (ushort)volumes.IndexOf(to));
        var version = start.Version + 1 + (int)state;
        var moves = partitions
            .Select(partition => new ReplicaMove(
                partition,
                start.Table.OwnersOf(partition).IndexOf(source),
                source,
                target,
                state,
                version
            ))
            .ToList();
        var table =
            state == MoveState.Copying
                ? start.Table
                : start.Table.With(moves.Select(move => (move.Partition, move.Slot, move.To)));
        return new ClusterMap(version, start.ClusterId, start.Nodes, start.Volumes, table, moves);
    }

    private static ClusterMap Moved(ClusterMap map) =>
        new(map.Version + 1, map.ClusterId, map.Nodes, map.Volumes, map.Table, []);

    private static ClusterMap WithDown(ClusterMap map, Guid? down) =>
        new(
            map.Version + 1,
            map.ClusterId,
            map.Nodes,
            [.. map.Volumes.Select(volume => volume with { IsDown = volume.VolumeId == down })],
            map.Table,
            map.Moves
        );

    private static void FlipLastBytesOfEverySegment(string data)
    {
        foreach (var path in Directory.EnumerateFiles(Path.Combine(data, "volume-1", "segments"), "*.seg"))
        {
            using var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            for (var at = 8_192; at < file.Length; at += 4_096)
            {
                file.Position = at;
                var value = file.ReadByte();
                file.Position = at;
                file.WriteByte((byte)(value ^ 1));
            }
        }
    }
}
