using FileSharing.BlobEngine;
using Xunit;

namespace FileSharing.UnitTests.BlobEngine;

/// <summary>The power goes at any operation, also while an opening recovers from the cut before.</summary>
public sealed class PowerCutTests
{
    private const int RunsPerKind = 60;
    private const int LyingRunsMax = 100;

    [Theory]
    [InlineData(nameof(Unsynced.Lost))]
    [InlineData(nameof(Unsynced.Kept))]
    [InlineData(nameof(Unsynced.Some))]
    public async Task A_power_cut_takes_nothing_that_was_acknowledged(string unsynced)
    {
        var first = Environment.TickCount;
        for (var seed = first; seed < first + RunsPerKind; seed++)
        {
            await using var run = new PowerCutRun(seed, Enum.Parse<Unsynced>(unsynced), liesAbout: null);
            await run.RunAsync();
            Assert.True(run.Violations.Count == 0, $"seed {seed}: {string.Join("; ", run.Violations)}");
        }
    }

    [Fact]
    public async Task A_disk_that_acknowledges_syncs_it_has_not_done_is_found_out()
    {
        var first = Environment.TickCount;
        for (var seed = first; seed < first + LyingRunsMax; seed++)
        {
            await using var run = new PowerCutRun(seed, Unsynced.Lost, liesAbout: ".seg");
            await run.RunAsync();
            if (run.Violations.Any(violation => violation.EndsWith("is lost", StringComparison.Ordinal)))
            {
                return;
            }
        }

        Assert.Fail($"seeds from {first}: no run has noticed a loss");
    }
}
