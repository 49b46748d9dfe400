using System.Diagnostics;

namespace FileSharing.ClusterTests.Engine;

/// <summary>A storage node under load dies by SIGKILL, and a journal outside of it says what it had acknowledged.</summary>
public sealed class KillTests
{
    /// <summary>Then the volumes are compared whole, and new ones begun.</summary>
    private const int KillsPerRun = 50;

    [Fact]
    [Trait(Soak.Trait, Soak.Engine)]
    public async Task A_killed_node_has_everything_that_it_acknowledged()
    {
        var seed = Soak.Seed();
        var clock = Stopwatch.StartNew();
        var (kills, atCalls, acknowledged, compared) = (0, 0, 0L, 0L);
        for (var left = Soak.Count(slice: 20, full: 2_000); left > 0; left -= KillsPerRun, seed++)
        {
            await using var run = await KillRun.CreateAsync(seed);
            await run.RunAsync(Math.Min(left, KillsPerRun));
            Assert.False(run.Violations.Any, $"FILESHARE_SEED={seed}: {run.Violations}");
            kills += run.Kills;
            atCalls += run.KillsAtCalls;
            acknowledged += run.Acknowledged;
            compared += run.Compared;
        }

        Soak.Report(
            $"SIGKILL of a storage node under load: {kills} kills, {atCalls} of them at a system call; {acknowledged} records acknowledged, "
                + $"{compared} reads compared; 0 lost, 0 wrong. {clock.Elapsed.TotalSeconds:F0} s, last seed {seed - 1}."
        );
        Assert.True(acknowledged > kills, $"The node hardly worked: {acknowledged} records over {kills} kills.");
    }
}
