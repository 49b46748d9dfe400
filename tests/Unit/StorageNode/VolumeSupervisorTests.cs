using System.Net;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Volumes;
using FileSharing.UnitTests.BlobEngine;

namespace FileSharing.UnitTests.StorageNode;

/// <summary>A node of two volumes in a cluster of three, and what becomes of the one when the other is in trouble.</summary>
public sealed class VolumeSupervisorTests
{
    private const int Sick = 2;

    public enum Trouble
    {
        NotMounted,
        NotAVolume,
        OfAnotherCluster,
        HeldByAnotherProcess,
        IdentityDamaged,
    }

    [Theory]
    [InlineData(Trouble.NotMounted, "failed mount")]
    [InlineData(Trouble.NotAVolume, "holds no volume.json")]
    [InlineData(Trouble.OfAnotherCluster, "belongs to cluster")]
    [InlineData(Trouble.HeldByAnotherProcess, "Another process")]
    [InlineData(Trouble.IdentityDamaged, "volume.json")]
    public async Task A_volume_that_cannot_be_opened_keeps_nobody_down_and_is_picked_up_when_it_is_repaired(
        Trouble trouble,
        string reason
    )
    {
        await using var cluster = await NodeCluster.StartAsync(NodeCluster.WithTwoVolumes);
        var (well, sick) = VolumesOf(cluster);
        var chunk = cluster.ChunkOwnedBy(sick.VolumeId, 10_000, seed: 1);
        (await cluster.PutAsync(0, chunk)).EnsureSuccessStatusCode();
        cluster.KeepMap(0);
        await cluster.StopNodeAsync(0);
        var repair = await BreakAsync(Path.Combine(cluster.DataOf(0), "volume-2"), trouble);

        await cluster.RestartNodeAsync(0);

        var away = await StatusAsync(cluster, Sick);
        Assert.Equal("failed", away.Condition);
        Assert.Contains(reason, away.Reason, StringComparison.Ordinal);
        Assert.Equal("writable", (await StatusAsync(cluster, 1)).Condition);
        await AssertServesAsync(cluster, well.VolumeId, sick.VolumeId, chunk);

        await repair();
        await NodeCluster.EventuallyAsync(() => cluster.Nodes[0]!.Volumes.Holds(sick.VolumeId), "it is picked up");
        Assert.Equal("writable", (await StatusAsync(cluster, Sick)).Condition);
        Assert.Equal([true], await cluster.Calls.HasAsync(sick, [ChunkId.OfChunk(chunk)], CancellationToken.None));
    }

    /// <summary>Chunks of the good volume are stored there, those of the other on two nodes; everything is read.</summary>
    private static async Task AssertServesAsync(NodeCluster cluster, Guid well, Guid sick, byte[] storedBefore)
    {
        var own = cluster.ChunkOwnedBy(well, 10_000, seed: 2);
        Assert.Equal(HttpStatusCode.Created, (await cluster.PutAsync(0, own)).StatusCode);
        await NodeCluster.EventuallyAsync(
            () => cluster.Nodes[0]!.Volumes.Open.Single().Store.Has(ChunkId.OfChunk(own)),
            "the good volume stores it"
        );
        var others = cluster.ChunkOwnedBy(sick, 10_000, seed: 3);
        Assert.Equal(HttpStatusCode.Created, (await cluster.PutAsync(0, others)).StatusCode);
        foreach (var chunk in new[] { own, others, storedBefore })
        {
            var read = await cluster.GetAsync(0, UrlGrant.GetChunk(ChunkId.OfChunk(chunk), chunk.Length));
            Assert.Equal(chunk, await read.Content.ReadAsByteArrayAsync());
        }
    }

    [Fact]
    public async Task A_call_for_a_volume_that_is_not_open_is_answered_volume_away()
    {
        await using var cluster = await NodeCluster.StartAsync(NodeCluster.WithTwoVolumes);
        var (_, sick) = VolumesOf(cluster);
        cluster.KeepMap(0);
        await cluster.StopNodeAsync(0);
        await BreakAsync(Path.Combine(cluster.DataOf(0), "volume-2"), Trouble.NotAVolume);
        await cluster.RestartNodeAsync(0);

        var refusal = await Assert.ThrowsAsync<NodeCallException>(() =>
            cluster.Calls.HasAsync(sick, [ChunkId.OfChunk([1])], CancellationToken.None)
        );

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refusal.StatusCode);
        Assert.Equal(Problem.VolumeAway, refusal.Problem!.Type);
    }

    [Fact]
    public async Task A_poisoned_volume_is_reported_and_the_other_one_takes_puts()
    {
        await using var cluster = await NodeCluster.StartAsync(NodeCluster.WithTwoVolumes);
        var (well, sick) = VolumesOf(cluster);
        // The first write makes a segment file, which fails without its folder.
        Directory.Delete(Path.Combine(cluster.DataOf(0), "volume-2", "segments"), recursive: true);

        var lost = cluster.ChunkOwnedBy(sick.VolumeId, 10_000, seed: 1);
        Assert.Equal(HttpStatusCode.Created, (await cluster.PutAsync(0, lost)).StatusCode);
        await NodeCluster.EventuallyAsync(
            () => cluster.Nodes[0]!.Volumes.Open[1].Store.Condition == VolumeCondition.Poisoned,
            "the volume is poisoned"
        );

        Assert.Equal("poisoned", (await StatusAsync(cluster, Sick)).Condition);
        var own = cluster.ChunkOwnedBy(well.VolumeId, 10_000, seed: 2);
        Assert.Equal(HttpStatusCode.Created, (await cluster.PutAsync(0, own)).StatusCode);
        await NodeCluster.EventuallyAsync(
            () => cluster.Nodes[0]!.Volumes.Open[0].Store.Has(ChunkId.OfChunk(own)),
            "the good volume stores it"
        );
    }

    [Fact]
    public async Task A_volume_whose_index_turns_out_damaged_is_opened_anew_with_a_new_index_and_reads_go_on()
    {
        await using var cluster = await NodeCluster.StartAsync(NodeCluster.WithTwoVolumes);
        var (_, sick) = VolumesOf(cluster);
        var chunk = cluster.ChunkOwnedBy(sick.VolumeId, 10_000, seed: 1);
        var id = ChunkId.OfChunk(chunk);
        (await cluster.PutAsync(0, chunk)).EnsureSuccessStatusCode();
        await NodeCluster.EventuallyAsync(() => cluster.Nodes[0]!.Volumes.Open[1].Store.Has(id), "it is stored");
        // Closing writes the index into tables.
        await cluster.StopNodeAsync(0);
        await cluster.RestartNodeAsync(0);
        var before = cluster.Nodes[0]!.Volumes.Open[1];
        DamageIndex(Path.Combine(cluster.DataOf(0), "volume-2"));

        var read = await cluster.GetAsync(0, UrlGrant.GetChunk(id, chunk.Length));

        Assert.Equal(chunk, await read.Content.ReadAsByteArrayAsync());
        await NodeCluster.EventuallyAsync(
            () => cluster.Nodes[0]!.Supervisor.Slots[Sick - 1].Standing.Volume is { } now && now != before,
            "the volume is opened anew"
        );
        var reopened = cluster.Nodes[0]!.Volumes.Open[1].Store;
        Assert.True(reopened.Recovery.IndexRebuilt);
        Assert.True(reopened.Has(id));
    }

    /// <summary>A byte in the first data block of every table.</summary>
    private static void DamageIndex(string directory)
    {
        foreach (var table in Directory.GetFiles(Path.Combine(directory, "index"), "*.sst"))
        {
            using var file = File.OpenWrite(table);
            file.Position = 20;
            file.Write([0xA5, 0x5A, 0xA5]);
        }
    }

    [Fact]
    public async Task Without_a_single_volume_the_node_does_not_start_and_says_why_for_each()
    {
        await using var cluster = await NodeCluster.StartAsync(NodeCluster.WithTwoVolumes);
        await cluster.StopNodeAsync(0);
        await BreakAsync(Path.Combine(cluster.DataOf(0), "volume-1"), Trouble.NotAVolume);
        await BreakAsync(Path.Combine(cluster.DataOf(0), "volume-2"), Trouble.OfAnotherCluster);

        var error = await Assert.ThrowsAsync<IOException>(() => cluster.RestartNodeAsync(0));

        Assert.Contains("holds no volume.json", error.Message, StringComparison.Ordinal);
        Assert.Contains("belongs to cluster", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reads_and_puts_go_on_while_a_volume_is_taken_away()
    {
        await using var cluster = await NodeCluster.StartAsync(NodeCluster.WithTwoVolumes);
        var (_, going) = VolumesOf(cluster);
        var chunks = Enumerable
            .Range(1, 8)
            .Select(seed => cluster.ChunkOwnedBy(going.VolumeId, 600_000, seed))
            .ToList();
        foreach (var chunk in chunks)
        {
            (await cluster.PutAsync(0, chunk)).EnsureSuccessStatusCode();
        }

        using var ending = new CancellationTokenSource();
        var work = chunks.Select((chunk, i) => ReadAndPutAsync(cluster, going.VolumeId, chunk, 100 + i, ending.Token));
        var working = Task.WhenAll(work.ToList());
        await Task.Delay(300);
        cluster.Nodes[0]!.Supervisor.Refuse(cluster.Nodes[0]!.Volumes.Open[1], "of the test");
        await NodeCluster.EventuallyAsync(
            () => cluster.Nodes[0]!.Supervisor.Slots[Sick - 1].Standing.State == VolumeState.Refused,
            "the volume is closed"
        );
        await Task.Delay(300);
        await ending.CancelAsync();

        Assert.True((await working).Sum() > chunks.Count);
    }

    /// <returns>How many rounds; each of them had the right bytes.</returns>
    private static async Task<int> ReadAndPutAsync(
        NodeCluster cluster,
        Guid owner,
        byte[] chunk,
        int seed,
        CancellationToken ending
    )
    {
        var rounds = 0;
        for (; !ending.IsCancellationRequested; rounds++)
        {
            var read = await cluster.GetAsync(0, UrlGrant.GetChunk(ChunkId.OfChunk(chunk), chunk.Length));
            Assert.Equal(chunk, await read.Content.ReadAsByteArrayAsync(CancellationToken.None));
            var put = await cluster.PutAsync(0, cluster.ChunkOwnedBy(owner, 5_000, (seed * 1_000) + rounds));
            Assert.Equal(HttpStatusCode.Created, put.StatusCode);
        }

        return rounds;
    }

    private static (MapVolume Well, MapVolume Sick) VolumesOf(NodeCluster cluster)
    {
        var open = cluster.Nodes[0]!.Volumes.Open;
        return (Find(1), Find(Sick));

        MapVolume Find(int number) =>
            cluster.Map.Volumes.Single(volume => volume.VolumeId == open[number - 1].VolumeId);
    }

    private static async Task<VolumeStatus> StatusAsync(NodeCluster cluster, int number)
    {
        var status = await cluster.Calls.StatusAsync(cluster.Map.Nodes[0], CancellationToken.None);
        return status.Volumes.Single(volume => volume.Number == number);
    }

    /// <returns>What repairs it.</returns>
    private static async Task<Func<Task>> BreakAsync(string directory, Trouble trouble)
    {
        var aside = directory + ".aside";
        var identity = Path.Combine(directory, "volume.json");
        switch (trouble)
        {
            case Trouble.NotMounted:
                Directory.Move(directory, aside);
                Directory.CreateDirectory(directory);
                // As an opening that was cut short leaves it: still no volume.
                await File.WriteAllTextAsync(Path.Combine(directory, "LOCK"), "");
                return PutBack;
            case Trouble.NotAVolume:
                Directory.Move(directory, aside);
                Directory.CreateDirectory(directory);
                await File.WriteAllTextAsync(Path.Combine(directory, "garbage"), "not a volume");
                return PutBack;
            case Trouble.OfAnotherCluster:
                Directory.Move(directory, aside);
                await using (var foreign = new TestVolume())
                {
                    foreign.Options = foreign.Options with { Path = directory };
                    await using var store = await foreign.OpenAsync();
                }

                return PutBack;
            case Trouble.HeldByAnotherProcess:
                var held = new DirectDisk().TryLock(Path.Combine(directory, "LOCK"))!;
                return () =>
                {
                    held.Dispose();
                    return Task.CompletedTask;
                };
            default:
                // Both copies: one would do to open the volume.
                var whole = await File.ReadAllBytesAsync(identity);
                await File.WriteAllTextAsync(identity, "{");
                await File.WriteAllTextAsync(identity + ".2", "{");
                return () => File.WriteAllBytesAsync(identity, whole);
        }

        Task PutBack()
        {
            Directory.Delete(directory, recursive: true);
            Directory.Move(aside, directory);
            return Task.CompletedTask;
        }
    }
}
