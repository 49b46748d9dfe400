using System.Net;
using FileSharing.Chunks;
using FileSharing.Cluster.Hosting;
using FileSharing.Cluster.Signing;
using FileSharing.StorageNode;
using FileSharing.StorageNode.Volumes;
using Microsoft.Extensions.Logging;

namespace FileSharing.UnitTests.StorageNode;

public sealed class ReplicationTests
{
    [Fact]
    public async Task With_one_node_away_a_put_is_acknowledged_and_the_third_copy_follows_when_it_is_back()
    {
        await using var cluster = await NodeCluster.StartAsync();
        await cluster.StopNodeAsync(2);
        var chunk = NodeCluster.Random(50_000, seed: 1);
        var id = ChunkId.OfChunk(chunk);

        Assert.Equal(HttpStatusCode.Created, (await cluster.PutAsync(0, chunk)).StatusCode);
        Assert.Equal([true, true, false], cluster.Holders(id));
        Assert.Equal(1, cluster.Nodes[0]!.Volumes.Open[0].Store.Stats().Owed);
        Assert.Equal(1, cluster.Nodes[1]!.Volumes.Open[0].Store.Stats().Owed);

        await cluster.RestartNodeAsync(2);
        await NodeCluster.EventuallyAsync(() => cluster.Holders(id).All(holds => holds), "the owed copy is delivered");
        await NodeCluster.EventuallyAsync(
            () => cluster.Nodes.All(node => node!.Volumes.Open[0].Store.Stats().Owed == 0),
            "the marks are lifted"
        );
    }

    [Fact]
    public async Task An_owed_copy_reaches_the_owner_that_is_there_while_another_is_away_and_the_mark_stays()
    {
        await using var cluster = await NodeCluster.StartAsync();
        await cluster.StopNodeAsync(2);
        var chunk = NodeCluster.Random(50_000, seed: 9);
        var id = ChunkId.OfChunk(chunk);
        (await cluster.PutAsync(0, chunk)).EnsureSuccessStatusCode();
        await cluster.StopNodeAsync(1);

        await cluster.RestartNodeAsync(2);

        await NodeCluster.EventuallyAsync(() => cluster.Holders(id)[2], "the owed copy is delivered");
        Assert.Equal(1, cluster.Nodes[0]!.Volumes.Open[0].Store.Stats().Owed);
    }

    [Fact]
    public async Task A_damaged_owed_record_does_not_hold_up_the_one_after_it()
    {
        await using var cluster = await NodeCluster.StartAsync();
        await cluster.StopNodeAsync(2);
        var chunks = new[] { NodeCluster.Random(600_000, seed: 10), NodeCluster.Random(600_000, seed: 11) }
            .OrderBy(chunk => ChunkId.OfChunk(chunk).ToString(), StringComparer.Ordinal)
            .ToList();
        foreach (var chunk in chunks)
        {
            (await cluster.PutAsync(0, chunk)).EnsureSuccessStatusCode();
        }

        FlipByteInSegment(cluster.DataOf(0), 300_000);
        FlipByteInSegment(cluster.DataOf(1), 300_000);
        await cluster.RestartNodeAsync(2);

        await NodeCluster.EventuallyAsync(
            () => cluster.Holders(ChunkId.OfChunk(chunks[1]))[2],
            "the second record is delivered"
        );
        Assert.False(cluster.Holders(ChunkId.OfChunk(chunks[0]))[2]);
    }

    [Fact]
    public async Task An_empty_directory_in_place_of_a_known_volume_is_refused_and_stays_empty()
    {
        await using var cluster = await NodeCluster.StartAsync();
        cluster.KeepMap(2);
        await cluster.StopNodeAsync(2);
        var volume = Path.Combine(cluster.DataOf(2), "volume-1");
        Directory.Delete(volume, recursive: true);
        Directory.CreateDirectory(volume);

        var error = await Assert.ThrowsAsync<IOException>(() => cluster.RestartNodeAsync(2));

        Assert.Contains("a failed mount?", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(volume));
    }

    [Fact]
    public async Task That_a_volume_is_full_is_logged_once()
    {
        await using var cluster = await NodeCluster.StartAsync(settings => settings with { FreeBytesMin = 1L << 60 });
        await cluster.PutAsync(0, NodeCluster.Random(1_000, seed: 12));
        using var lines = new LogLines();
        using var logs = LoggerFactory.Create(lines.Configure);
        var watch = new VolumeWatch(cluster.Nodes[0]!.Volumes, TimeProvider.System, logs.CreateLogger<VolumeWatch>());

        watch.Look();
        watch.Look();

        Assert.Contains("is full", Assert.Single(lines.All), StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_two_nodes_away_a_put_is_refused_and_a_download_goes_on()
    {
        await using var cluster = await NodeCluster.StartAsync();
        var stored = NodeCluster.Random(500_000, seed: 2);
        (await cluster.PutAsync(0, stored)).EnsureSuccessStatusCode();
        await NodeCluster.EventuallyAsync(
            () => cluster.Holders(ChunkId.OfChunk(stored)).All(holds => holds),
            "three copies"
        );
        await cluster.StopNodeAsync(0);
        await cluster.StopNodeAsync(1);

        Assert.Equal(
            HttpStatusCode.ServiceUnavailable,
            (await cluster.PutAsync(2, NodeCluster.Random(1_000, seed: 3))).StatusCode
        );
        var download = await cluster.GetAsync(2, UrlGrant.GetChunk(ChunkId.OfChunk(stored), stored.Length));
        Assert.Equal(stored, await download.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task A_chunk_that_this_node_missed_is_served_from_another_owner()
    {
        await using var cluster = await NodeCluster.StartAsync();
        await cluster.StopNodeAsync(2);
        var chunk = NodeCluster.Random(700_000, seed: 4);
        (await cluster.PutAsync(0, chunk)).EnsureSuccessStatusCode();
        await cluster.RestartNodeAsync(2);

        var download = await cluster.GetAsync(
            2,
            UrlGrant.GetChunk(ChunkId.OfChunk(chunk), chunk.Length),
            "bytes=100-600000"
        );

        Assert.Equal(chunk[100..600_001], await download.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task What_no_owner_has_is_an_error_and_what_an_absent_owner_may_have_is_try_again()
    {
        await using var cluster = await NodeCluster.StartAsync();
        var unknown = UrlGrant.GetChunk(ChunkId.OfChunk([1, 2, 3]), 3);

        Assert.Equal(HttpStatusCode.InternalServerError, (await cluster.GetAsync(0, unknown)).StatusCode);
        await cluster.StopNodeAsync(1);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await cluster.GetAsync(0, unknown)).StatusCode);
    }

    [Fact]
    public async Task A_damaged_copy_is_never_sent_the_bytes_come_from_another_owner_and_the_copy_is_healed()
    {
        await using var cluster = await NodeCluster.StartAsync();
        var chunk = NodeCluster.Random(1_000_000, seed: 5);
        var id = ChunkId.OfChunk(chunk);
        (await cluster.PutAsync(0, chunk)).EnsureSuccessStatusCode();
        await NodeCluster.EventuallyAsync(() => cluster.Holders(id).All(holds => holds), "three copies");
        FlipByteInSegment(cluster.DataOf(0), 600_000);

        var download = await (
            await cluster.GetAsync(0, UrlGrant.GetChunk(id, chunk.Length))
        ).Content.ReadAsByteArrayAsync();

        Assert.Equal(chunk, download);
        await NodeCluster.EventuallyAsync(
            () => cluster.Nodes[0]!.Volumes.Open[0].Store.Stats().DamagedRecords == 0,
            "the copy is healed"
        );
        await cluster.StopNodeAsync(1);
        await cluster.StopNodeAsync(2);
        Assert.Equal(
            chunk,
            await (await cluster.GetAsync(0, UrlGrant.GetChunk(id, chunk.Length))).Content.ReadAsByteArrayAsync()
        );
    }

    [Fact]
    public async Task A_full_volume_answers_507_and_goes_on_reading()
    {
        await using var cluster = await NodeCluster.StartAsync(settings => settings with { FreeBytesMin = 1L << 60 });

        var put = await cluster.PutAsync(0, NodeCluster.Random(1_000, seed: 6));

        Assert.Equal(HttpStatusCode.InsufficientStorage, put.StatusCode);
        Assert.Contains("volume-full", await put.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chunks_and_manifest_survive_a_restart_of_all_nodes()
    {
        await using var cluster = await NodeCluster.StartAsync();
        byte[][] chunks = [NodeCluster.Random(400_000, 7), NodeCluster.Random(300_000, 8)];
        var grant = await cluster.PutFileAsync(chunks);
        for (var i = 0; i < 3; i++)
        {
            await cluster.StopNodeAsync(i);
            await cluster.RestartNodeAsync(i);
        }

        Assert.Equal(
            chunks.SelectMany(chunk => chunk),
            await (await cluster.GetAsync(1, grant)).Content.ReadAsByteArrayAsync()
        );
    }

    internal static void FlipByteInSegment(string data, long offset)
    {
        var segment = Directory.GetFiles(Path.Combine(data, "volume-1", "segments")).Single();
        using var file = File.Open(segment, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        file.Position = offset;
        var was = file.ReadByte();
        file.Position = offset;
        file.WriteByte((byte)(was ^ 1));
    }
}
