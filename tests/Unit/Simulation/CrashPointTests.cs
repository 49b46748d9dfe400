using System.Diagnostics;
using Xunit.Sdk;

namespace FileSharing.UnitTests.Simulation;

/// <summary>The power goes at every step of every workload, and any part of what was not durable survives.</summary>
[Trait(Soak.Trait, Soak.Engine)]
public sealed class CrashPointTests
{
    /// <summary>Every so many events of a trace are tried in a slice.</summary>
    private const int SliceStride = 11;

    private const int FurtherCutsMax = 3;

    public static TheoryData<string> Names => [.. Workloads.All.Select(workload => workload.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_power_cut_at_any_step_takes_nothing_that_was_acknowledged(string name)
    {
        var seed = Soak.Seed();
        var began = Stopwatch.GetTimestamp();
        var check = new CrashCheck();
        var stride = SliceStride / Soak.Count(1, SliceStride);
        for (var run = 0; run < Soak.Count(1, 8); run++)
        {
            var recording = await Recording.OfAsync(Workloads.Of(name), seed + run);
            var walk = recording.Walk();
            var events = recording.Trace.Events;
            for (var position = 1; position <= events.Count; position++)
            {
                walk.Step(events[position - 1]);
                if ((position + seed) % stride != 0)
                {
                    continue;
                }

                foreach (var survival in CrashPoints.Of(walk, events[position - 1]))
                {
                    await check.RunAsync(recording, walk, position, survival);
                }
            }
        }

        Report($"crash points of '{name}'", check.States, began, seed);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Power_cuts_one_after_the_other_take_nothing_that_was_acknowledged(string name)
    {
        var seed = Soak.Seed();
        var began = Stopwatch.GetTimestamp();
        var check = new CrashCheck();
        while (check.States < Soak.Count(150, 60_000))
        {
            seed++;
            var random = new Random(seed);
            var recording = await Recording.OfAsync(Workloads.Of(name), seed);
            for (var cut = 0; cut < 40; cut++)
            {
                var position = random.Next(recording.Trace.Events.Count + 1);
                await check.RunAsync(recording, position, random, random.Next(FurtherCutsMax + 1));
            }
        }

        Report($"random crash states of '{name}'", check.States, began, seed);
    }

    [Fact]
    public async Task A_disk_that_acknowledges_syncs_it_has_not_done_is_found_out()
    {
        var honest = await Recording.OfAsync(Workloads.Of("single puts"), Soak.Seed());
        var segments = honest
            .Trace.Events.OfType<Named>()
            .Where(named => named.Path.Contains(".seg", StringComparison.Ordinal))
            .Select(named => named.File)
            .ToHashSet();
        var (lying, synced) = (new Trace(), new HashSet<int>());
        foreach (var happened in honest.Trace.Events)
        {
            // The header of a segment is synced, and nothing behind it.
            if (happened is not FileSynced sync || !segments.Contains(sync.File) || synced.Add(sync.File))
            {
                lying.Add(happened);
            }
        }

        var recording = honest with { Trace = lying };
        var end = lying.Events.Count;
        var error = await Assert.ThrowsAnyAsync<XunitException>(() =>
            new CrashCheck().RunAsync(recording, recording.WalkTo(end), end, Survival.Nothing(hasNoIndex: true))
        );
        Assert.Contains("IsPresent = False", error.Message, StringComparison.Ordinal);
    }

    private static void Report(string what, int states, long began, int seed)
    {
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Soak.Report($"{what}: {states:N0} in {seconds:N0} s ({states / seconds:N0}/s), seed {seed}");
    }
}
