using FileSharing.Cluster.Wire;

namespace FileSharing.ClusterTests.Engine;

/// <summary>What a storage node asks of the kernel before it acknowledges, and what it does when the kernel fails it: seen from outside, by strace.</summary>
public sealed class SyncTests
{
    [Fact]
    public async Task An_acknowledgement_leaves_the_socket_after_the_sync_of_its_batch()
    {
        const int puts = 40;
        await using var node = await LoneNode.CreateAsync(new LoneNodeOptions(SegmentBytesMax: 256 << 20));
        var log = node.PathOf("trace");
        var process = await node.StartReadyAsync(Injection.None("pwrite64,fdatasync,fsync,sendto,sendmsg", log));
        var sender = new VolumePuts(node, node.Volumes[0], Soak.Seed());
        var recordBytes = new List<int>();
        for (var i = 0; i < puts; i++)
        {
            // One after the other: a batch holds one record, and what is sent between two of them is the answer to the first.
            var (status, bytes) = await sender.PutNextAsync();
            Assert.Equal(RecordStatus.Stored, status);
            recordBytes.Add(bytes);
        }

        await process.KillAsync();
        var calls = await StraceLog.ReadAsync(log);
        var batches = calls.Where(call => call is { Name: "pwrite64", IsOfSegments: true }).ToList();
        Assert.Equal(puts, batches.Count);
        for (var i = 0; i < puts; i++)
        {
            var batch = batches[i];
            var next = i + 1 < puts ? batches[i + 1].Begin : int.MaxValue;
            var sync = calls.First(call => call.IsSync && call.Target == batch.Target && call.Begin > batch.End);
            var answers = calls.Where(call => call.IsSend && call.Begin > batch.Begin && call.Begin < next).ToList();
            Assert.True(batch.Result == batch.Bytes && batch.Bytes > recordBytes[i], "the write holds the record");
            Assert.Equal(0, sync.Result);
            Assert.NotEmpty(answers);
            Assert.All(answers, answer => Assert.True(answer.Begin > sync.End, $"{answer} before the end of {sync}"));
        }
    }

    [Fact]
    public async Task A_sync_that_fails_once_poisons_its_volume_is_not_repeated_and_loses_nothing()
    {
        // strace counts by thread, and a volume has two that take turns: by twice as many puts one of them has come to it, and the other volume's must stay below.
        const int failingSync = 30;
        const int putsToOther = 10;
        await using var node = await LoneNode.CreateAsync(new LoneNodeOptions(Volumes: 2));
        var log = node.PathOf("trace");
        var process = await node.StartReadyAsync(
            Injection.FailOnce("fdatasync", "EIO", failingSync, "pwrite64,fdatasync,fsync", log)
        );
        var seed = Soak.Seed();
        var (failing, other) = (
            new VolumePuts(node, node.Volumes[0], seed),
            new VolumePuts(node, node.Volumes[1], seed)
        );

        // 1. It fails: that put is not acknowledged, and no later one, although every later sync would succeed.
        var status = RecordStatus.Stored;
        while (status.IsDurable() && failing.Acknowledged < 2 * failingSync)
        {
            (status, _) = await failing.PutNextAsync();
        }

        Assert.Equal(RecordStatus.VolumePoisoned, status);
        Assert.Equal(RecordStatus.VolumePoisoned, (await failing.PutNextAsync()).Status);

        // 2. The node says which volume it is, serves the other, and reads from both.
        var volumes = (await node.Calls.StatusAsync(node.Map.Nodes[0], CancellationToken.None)).Volumes;
        Assert.Equal(["poisoned", "writable"], node.Volumes.Select(volume => ConditionOf(volumes, volume.VolumeId)));
        for (var i = 0; i < putsToOther; i++)
        {
            Assert.Equal(RecordStatus.Stored, (await other.PutNextAsync()).Status);
        }

        await failing.AssertReadableAsync();
        await other.AssertReadableAsync();

        // 3. Nothing was written or synced on that volume after the failure.
        await process.KillAsync();
        var calls = (await StraceLog.ReadAsync(log)).Where(call =>
            call.IsOfSegments && call.Target.StartsWith(node.VolumePath(0), StringComparison.Ordinal)
        );
        var failed = calls.Single(call => call.IsSync && call.Result == -1);
        Assert.DoesNotContain(calls, call => call.Begin > failed.End);

        // 4. Opened again it takes records, and has what it had acknowledged.
        await node.StartReadyAsync();
        await failing.AssertReadableAsync();
        await other.AssertReadableAsync();
        Assert.True((await failing.PutNextAsync()).Status.IsDurable(), "it takes records again");
    }

    private static string ConditionOf(IReadOnlyList<VolumeStatus> volumes, Guid volumeId) =>
        volumes.Single(volume => volume.VolumeId == volumeId).Condition;
}
