using System.Collections.Concurrent;
using System.Net;
using FileSharing.Chunks;
using FileSharing.Chunks.Keys;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode;
using FileSharing.StorageNode.Reclaim;

namespace FileSharing.UnitTests.StorageNode;

/// <summary>What nodes do with a new data key: docs/encryption.md, section 3.</summary>
public sealed class KeyRotationTests
{
    [Fact]
    public async Task While_a_key_is_rotated_every_put_succeeds_and_new_records_carry_the_new_key()
    {
        await using var api = await KeyApi.StartAsync();
        await using var cluster = await NodeCluster.StartAsync(api.Configure);
        using var enough = new CancellationTokenSource();
        var answers = new ConcurrentDictionary<byte[], HttpStatusCode>();
        var puts = Enumerable.Range(0, 3).Select(node => PutUntilAsync(cluster, node, answers, enough.Token)).ToArray();

        var key = cluster.NewDataKey(2);
        api.Told = Pending(cluster, key);
        await EventuallyAsync(cluster, volume => volume.DataKeys.Contains(2u), "every volume has the pending key");
        var underPending = await RecordsAsync(cluster, 2);
        api.Told = Active(cluster, key);
        await EventuallyAsync(cluster, volume => volume.RecordsByKey.GetValueOrDefault(2u) > 3, "records under key 2");
        await enough.CancelAsync();
        await Task.WhenAll(puts);

        Assert.Equal(0, underPending);
        Assert.All(answers.Values, status => Assert.Equal(HttpStatusCode.Created, status));
        await EventuallyAsync(cluster, volume => volume.Owed == 0, "no copy is owed");
        Assert.Equal(answers.Count * 3, await RecordsAsync(cluster, 1) + await RecordsAsync(cluster, 2));
        await AssertReadableAsync(cluster, answers.Keys);
    }

    [Fact]
    public async Task A_node_that_was_away_fetches_the_key_before_it_takes_a_record_under_it()
    {
        await using var api = await KeyApi.StartAsync();
        await using var cluster = await NodeCluster.StartAsync(api.Configure);
        var away = cluster.Nodes[2]!.NodeId;
        await cluster.StopNodeAsync(2);
        await RotateAsync(api, cluster, 2);

        // It is back and has not asked yet; without node 2 every put needs it.
        api.StopAnswering(away);
        await cluster.RestartNodeAsync(2, api.Configure);
        await cluster.StopNodeAsync(1);
        api.AnswerAgain(away);
        var chunk = NodeCluster.Random(100_000, seed: 1);
        using var put = await cluster.PutAsync(0, chunk);

        Assert.Equal(HttpStatusCode.Created, put.StatusCode);
        Assert.Contains(2u, (await StatusAsync(cluster, 2)).DataKeys);
    }

    [Fact]
    public async Task Records_under_a_key_that_nobody_can_give_ask_the_api_at_most_once_a_second()
    {
        await using var api = await KeyApi.StartAsync();
        await using var cluster = await NodeCluster.StartAsync(api.Configure);
        await cluster.StopNodeAsync(2);
        await RotateAsync(api, cluster, 2);
        var key = api.Told;
        api.Told = null;
        await cluster.RestartNodeAsync(2, api.Configure);
        var before = api.Questions;

        var puts = await Task.WhenAll(
            Enumerable.Range(0, 40).Select(seed => cluster.PutAsync(0, NodeCluster.Random(1_000, seed)))
        );

        // Two owners are enough; the third copy is owed, and comes when the key does.
        Assert.All(puts, put => Assert.Equal(HttpStatusCode.Created, put.StatusCode));
        Assert.InRange(api.Questions - before, 0, 12);
        api.Told = key;
        await EventuallyAsync(cluster, volume => volume.RecordsByKey.GetValueOrDefault(2u) == 40, "three copies");
    }

    [Fact]
    public async Task A_key_that_a_volume_cannot_store_seals_nothing_until_it_can()
    {
        await using var api = await KeyApi.StartAsync();
        await using var cluster = await NodeCluster.StartAsync(api.Configure);
        var obstacle = Path.Combine(cluster.DataOf(0), "volume-1", "keys.json.tmp");
        Directory.CreateDirectory(obstacle);

        var key = cluster.NewDataKey(2);
        api.Told = Active(cluster, key);
        await NodeCluster.EventuallyAsync(
            () => File.ReadAllText(Path.Combine(cluster.DataOf(0), "node.json")).Contains("\"active_data_key\": 2"),
            "the node has heard of the key"
        );
        (await cluster.PutAsync(0, NodeCluster.Random(1_000, seed: 1))).EnsureSuccessStatusCode();

        Assert.Equal([1u], (await StatusAsync(cluster, 0)).DataKeys);
        Assert.Equal(0, await RecordsAsync(cluster, 2));
        Directory.Delete(obstacle);
        await EventuallyAsync(cluster, volume => volume.DataKeys.Contains(2u), "the key is stored");
        await NodeCluster.EventuallyAsync(() => SealsWith(cluster, 2), "the key is used");
    }

    [Fact]
    public async Task An_api_that_has_forgotten_a_key_takes_it_from_nobody_nor_does_a_start_without_it()
    {
        await using var api = await KeyApi.StartAsync();
        await using var cluster = await NodeCluster.StartAsync(api.Configure);
        await RotateAsync(api, cluster, 2);

        api.Told = cluster.Secrets;
        var asked = api.Questions;
        await NodeCluster.EventuallyAsync(() => api.Questions > asked + 6, "all nodes have heard the old keys");
        (await cluster.PutAsync(0, NodeCluster.Random(1_000, seed: 1))).EnsureSuccessStatusCode();
        await EventuallyAsync(cluster, volume => volume.RecordsByKey.GetValueOrDefault(2u) == 1, "it is under key 2");

        for (var i = 0; i < 3; i++)
        {
            await cluster.StopNodeAsync(i);
        }

        for (var i = 0; i < 3; i++)
        {
            await cluster.RestartNodeAsync(i);
        }

        (await cluster.PutAsync(0, NodeCluster.Random(1_000, seed: 2))).EnsureSuccessStatusCode();
        await EventuallyAsync(cluster, volume => volume.RecordsByKey.GetValueOrDefault(2u) == 2, "so is the next");
    }

    [Fact]
    public async Task Another_key_under_an_id_that_is_taken_is_left_out_and_everything_goes_on()
    {
        await using var api = await KeyApi.StartAsync();
        await using var cluster = await NodeCluster.StartAsync(api.Configure);
        await RotateAsync(api, cluster, 2);
        var chunk = NodeCluster.Random(1_000, seed: 1);
        (await cluster.PutAsync(0, chunk)).EnsureSuccessStatusCode();

        api.Told = Active(cluster, cluster.NewDataKey(2)) with { ActiveDataKey = 1 };
        var asked = api.Questions;
        await NodeCluster.EventuallyAsync(() => api.Questions > asked + 6, "all nodes have heard of the other key");

        (await cluster.PutAsync(1, NodeCluster.Random(1_000, seed: 2))).EnsureSuccessStatusCode();
        await AssertReadableAsync(cluster, [chunk]);
    }

    [Fact]
    public async Task Records_under_old_keys_are_rewritten_by_themselves_and_then_compaction_rests()
    {
        await using var api = await KeyApi.StartAsync();
        var often = new CompactionSettings(TimeSpan.FromMilliseconds(100), DeadFractionMin: 0.3, RestFactor: 0);
        await using var cluster = await NodeCluster.StartAsync(s => api.Configure(s) with { Compaction = often });
        var chunks = Enumerable.Range(0, 20).Select(seed => NodeCluster.Random(50_000, seed)).ToList();
        foreach (var chunk in chunks)
        {
            (await cluster.PutAsync(0, chunk)).EnsureSuccessStatusCode();
        }

        await RotateAsync(api, cluster, 2);
        await EventuallyAsync(
            cluster,
            volume =>
                volume.RecordsByKey.Count == 1
                && volume.RecordsByKey.GetValueOrDefault(2u) == chunks.Count
                && volume.SegmentsRemoved > 0,
            "everything lies under key 2, and the old segments are gone"
        );
        await AssertReadableAsync(cluster, chunks);

        var before = await SegmentsRemovedAsync(cluster);
        await Task.Delay(10 * often.Interval);
        Assert.Equal(before, await SegmentsRemovedAsync(cluster));
    }

    [Fact]
    public async Task A_volume_that_is_away_holds_no_rotation_up_and_has_the_key_before_it_takes_records()
    {
        await using var api = await KeyApi.StartAsync();
        NodeSettings Configure(NodeSettings settings) => NodeCluster.WithTwoVolumes(api.Configure(settings));
        await using var cluster = await NodeCluster.StartAsync(Configure);
        var second = Path.Combine(cluster.DataOf(0), "volume-2");
        var secondId = cluster.Nodes[0]!.Volumes.Open[1].VolumeId;
        await cluster.StopNodeAsync(0);
        cluster.KeepMap(0);
        Directory.Move(second, second + ".aside");
        await cluster.RestartNodeAsync(0);
        Assert.False((await StatusAsync(cluster, 0, volume: 1)).NeedsKeys);

        await RotateAsync(api, cluster, 2);
        api.StopAnswering(cluster.Nodes[0]!.NodeId);
        Directory.Move(second + ".aside", second);
        await NodeCluster.EventuallyAsync(() => cluster.Nodes[0]!.Volumes.Open.Count == 2, "the volume is open again");

        Assert.Equal([1u, 2u], (await StatusAsync(cluster, 0, volume: 1)).DataKeys);
        using var put = await cluster.PutAsync(0, cluster.ChunkOwnedBy(secondId, 1_000, seed: 1));
        Assert.Equal(HttpStatusCode.Created, put.StatusCode);
        Assert.Equal(1, (await StatusAsync(cluster, 0, volume: 1)).RecordsByKey[2]);
    }

    private static ClusterSecrets Pending(NodeCluster cluster, WrappedKey key) =>
        cluster.Secrets with
        {
            DataKeys = [.. cluster.Secrets.DataKeys, key],
        };

    private static ClusterSecrets Active(NodeCluster cluster, WrappedKey key) =>
        Pending(cluster, key) with
        {
            ActiveDataKey = key.Id,
        };

    /// <summary>Rotates, and waits until every running node seals with the key.</summary>
    private static async Task RotateAsync(KeyApi api, NodeCluster cluster, uint id)
    {
        api.Told = Active(cluster, cluster.NewDataKey(id));
        await NodeCluster.EventuallyAsync(() => SealsWith(cluster, id), $"every node seals with key {id}");
    }

    private static bool SealsWith(NodeCluster cluster, uint id) =>
        cluster.Nodes.All(node => node is null || node.DataKeys.CurrentKeyId == id);

    private static async Task PutUntilAsync(
        NodeCluster cluster,
        int node,
        ConcurrentDictionary<byte[], HttpStatusCode> answers,
        CancellationToken enough
    )
    {
        for (var i = 0; !enough.IsCancellationRequested; i++)
        {
            var chunk = NodeCluster.Random(20_000, seed: (node * 1_000_000) + i);
            using var put = await cluster.PutAsync(node, chunk);
            answers[chunk] = put.StatusCode;
        }
    }

    private static async Task AssertReadableAsync(NodeCluster cluster, IEnumerable<byte[]> chunks)
    {
        foreach (var chunk in chunks)
        {
            var grant = UrlGrant.GetChunk(ChunkId.OfChunk(chunk), chunk.Length);
            using var response = await cluster.GetAsync(1, grant);
            Assert.Equal(chunk, await response.Content.ReadAsByteArrayAsync());
        }
    }

    private static async Task<VolumeStatus> StatusAsync(NodeCluster cluster, int node, int volume = 0) =>
        (await cluster.Calls.StatusAsync(cluster.Map.Nodes[node], CancellationToken.None)).Volumes[volume];

    private static async Task<long> SegmentsRemovedAsync(NodeCluster cluster)
    {
        var volumes = await Task.WhenAll(Enumerable.Range(0, 3).Select(node => StatusAsync(cluster, node)));
        return volumes.Sum(volume => volume.SegmentsRemoved);
    }

    private static async Task<long> RecordsAsync(NodeCluster cluster, uint key)
    {
        var volumes = await Task.WhenAll(Enumerable.Range(0, 3).Select(node => StatusAsync(cluster, node)));
        return volumes.Sum(volume => volume.RecordsByKey.GetValueOrDefault(key));
    }

    private static async Task EventuallyAsync(NodeCluster cluster, Func<VolumeStatus, bool> holds, string what)
    {
        for (var i = 0; i < 400; i++)
        {
            var volumes = await Task.WhenAll(Enumerable.Range(0, 3).Select(node => StatusAsync(cluster, node)));
            if (volumes.All(holds))
            {
                return;
            }

            await Task.Delay(50);
        }

        Assert.Fail($"Not within 20 s: {what}");
    }
}
