using FileSharing.BlobEngine;

namespace FileSharing.UnitTests.Simulation;

/// <summary>The disk refuses something while the power is on, and then the power goes.</summary>
[Trait(Soak.Trait, Soak.Engine)]
public sealed class DiskFaultTests
{
    /// <summary>Every so many operations of a workload fail in a slice.</summary>
    private const int SliceStride = 7;

    /// <summary>Cuts after one failure, by chance.</summary>
    private const int CutsPerFault = 3;

    private static int Stride => SliceStride / Soak.Count(1, SliceStride);

    public static TheoryData<string> Names => [.. Workloads.All.Select(workload => workload.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task One_failed_operation_takes_nothing_that_was_acknowledged(string name) =>
        await FailEachAsync(name, isNoSpace: false, Stride);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task One_refusal_for_want_of_space_takes_nothing_and_ends_nothing(string name) =>
        await FailEachAsync(name, isNoSpace: true, Stride);

    [Fact]
    public async Task A_key_that_has_found_no_room_on_the_volume_seals_nothing_there() =>
        await FailEachAsync("key rotation", isNoSpace: true, stride: 1);

    [Fact]
    public async Task A_disk_that_is_full_is_made_empty_again_by_deletes_and_compaction()
    {
        // The segments here have 8 blocks, not 262,144: a reserve of two would not hold the deletes, each in a block of its own.
        const long FreeBytesMin = 1 << 20;
        var faults = new DiskFaults { SpaceBytes = FreeBytesMin + (256 << 10) };
        var trace = new Trace();
        var start = DiskImage.Empty;
        await using (var volume = await SimVolume.OpenAsync(new SimMachine(start, trace, faults), FreeBytesMin))
        {
            for (var round = 0; round < 20 && volume.Store.Condition != VolumeCondition.Full; round++)
            {
                await volume.PutAllAsync(Enumerable.Range(0, TestRecords.Count));
                await volume.DeleteAsync(round);
            }

            Assert.Equal(VolumeCondition.Full, volume.Store.Condition);
            await UseTheReserveAsync(volume);

            await CompactUntilNothingIsGainedAsync(volume.Store);
            await volume.PutAllAsync([1, 2, 3]);
            Assert.All([1, 2, 3], record => Assert.True(volume.StateOf(record).IsPresent));
        }

        var recording = new Recording("a full disk", 0, start, new Oracle(), trace);
        await new CrashCheck().RunAsync(
            recording,
            recording.WalkTo(trace.Events.Count),
            trace.Events.Count,
            Survival.Nothing()
        );
    }

    [Fact]
    public async Task A_segment_that_finds_no_room_to_be_moved_to_does_not_keep_the_next_one()
    {
        var faults = new DiskFaults { IsNoSpace = true };
        await using var volume = await SimVolume.OpenAsync(new SimMachine(DiskImage.Empty, new Trace(), faults));
        await volume.PutAllAsync(Enumerable.Range(0, TestRecords.Count));
        foreach (var record in Enumerable.Range(0, TestRecords.Count).Where(record => record % 3 > 0))
        {
            await volume.DeleteAsync(record);
        }

        await volume.Store.SealAsync(CancellationToken.None);
        faults.FailNext();
        var report = await volume.Store.CompactAsync(new CompactionOptions(0.1), CancellationToken.None);

        Assert.True(faults.HasFailed);
        Assert.True(report.SegmentsKept > 0);
        Assert.True(report.SegmentsRemoved > 0);
    }

    [Fact]
    public async Task What_a_failed_sync_has_left_is_durable_before_it_is_called_present()
    {
        var trace = new Trace();
        var faults = new DiskFaults();
        var machine = new SimMachine(DiskImage.Empty, trace, faults);
        await using (var volume = await SimVolume.OpenAsync(machine))
        {
            await volume.PutAsync(1);
            // The write of the batch, then its sync.
            faults.FailNext(after: 1);
            await Assert.ThrowsAsync<BlobException>(() => volume.PutAsync(2));
        }

        // The power stays on: what the failed sync did not bring to the disk can be read all the same.
        await using (var volume = await SimVolume.OpenAsync(machine))
        {
            await volume.PutAsync(2);
            Assert.True(volume.StateOf(2).IsPresent);
            var recording = new Recording("a failed sync", 0, DiskImage.Empty, new Oracle(), trace);
            var now = trace.Events.Count;
            await new CrashCheck().RunAsync(recording, recording.WalkTo(now), now, Survival.Nothing());
        }
    }

    /// <summary>Stamps a record for as long as that is taken, then deletes all others, each with a batch of its own.</summary>
    private static async Task UseTheReserveAsync(SimVolume volume)
    {
        var present = Enumerable.Range(0, TestRecords.Count).Where(record => volume.StateOf(record).IsPresent).ToList();
        uint stamped;
        do
        {
            stamped = volume.StateOf(present[0]).TouchEpoch;
            await volume.AdoptAsync(present[0], stamped + 1);
        } while (volume.StateOf(present[0]).TouchEpoch > stamped);

        foreach (var record in present.Skip(1))
        {
            await volume.DeleteAsync(record);
        }
    }

    private static async Task CompactUntilNothingIsGainedAsync(BlobStore store)
    {
        var removed = 0;
        CompactionReport report;
        do
        {
            report = await store.CompactAsync(new CompactionOptions(0.1), CancellationToken.None);
            removed += report.SegmentsRemoved;
        } while (report.SegmentsRemoved > 0);

        Assert.True(removed > 1);
    }

    private static async Task FailEachAsync(string name, bool isNoSpace, int stride)
    {
        var seed = Soak.Seed();
        var check = new CrashCheck();
        var random = new Random(seed);
        var hasFailed = true;
        for (var failAt = 1 + random.Next(stride); hasFailed; failAt += stride)
        {
            var faults = new DiskFaults { FailAt = failAt, IsNoSpace = isNoSpace };
            var recording = await Recording.OfAsync(Workloads.Of(name), seed, faults);
            hasFailed = faults.HasFailed;
            var end = recording.Trace.Events.Count;
            await check.RunAsync(recording, recording.WalkTo(end), end, Survival.Nothing());
            await check.RunAsync(recording, recording.WalkTo(end), end, Survival.Everything());
            for (var cut = 0; cut < CutsPerFault; cut++)
            {
                await check.RunAsync(recording, random.Next(end / 2, end + 1), random, further: 1);
            }
        }

        Soak.Report(
            $"'{name}' with one {(isNoSpace ? "refusal for space" : "failure")} each: {check.States:N0} states, seed {seed}"
        );
    }
}
