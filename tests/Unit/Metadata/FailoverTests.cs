using FileSharing.Metadata;
using FileSharing.UnitTests.Postgres;

namespace FileSharing.UnitTests.Metadata;

/// <summary>A real pair of Postgres servers that fails over again and again under uploads. Judge is a journal of what was acknowledged.</summary>
public sealed class FailoverTests
{
    private const int Writers = 4;

    [Fact]
    [Trait(Soak.Trait, Soak.Cluster)]
    public async Task After_every_failover_each_acknowledged_version_is_there_whole_and_the_old_primary_is_not_used()
    {
        var seed = Soak.Seed();
        var count = Soak.Count(slice: 2, full: 100);
        TestContext.Current.TestOutputHelper?.WriteLine($"FILESHARE_SEED={seed}");
        var random = new Random(seed);
        await using var pair = await PostgresPair.StartAsync();
        await using var library = await Library.OpenAsync(pair.ConnectionString);
        using var load = await FailoverLoad.StartAsync(library, Writers);
        for (var failover = 0; failover < count; failover++)
        {
            await load.UntilMoreAsync(20);
            var wasFrozen = failover % 2 == 1;
            var old = pair.Primary;
            if (wasFrozen)
            {
                old.Freeze();
            }
            else
            {
                await old.KillAsync();
            }

            await pair.PromoteAsync();
            await pair.Primary.MarkAsync(failover);
            await load.UntilMarkAsync(failover);

            // It answers as a primary, of its own line of history. Nothing may come from it, neither over a new connection nor over one from before.
            await ComeBackAsync(old, wasFrozen);
            await Task.Delay(random.Next(300));
            await load.RequireMarkAsync(failover);
            await old.KillAsync();
            await old.BecomeStandbyOfAsync(pair.Primary);
            await load.UntilMoreAsync(20);
        }

        await load.StopAsync();
        await load.JudgeAsync();
        Soak.Report(
            $"failovers of Postgres: {count}, {load.Acknowledged} uploads acknowledged, {load.Unknown} of them after a commit of unknown outcome, lost 0, half visible 0, seed {seed}"
        );
    }

    /// <summary>Postgres answers a commit whose wait for the standby is cancelled as done, with a warning.</summary>
    [Fact]
    public async Task A_commit_that_the_standby_does_not_have_is_not_acknowledged_however_long_it_takes()
    {
        await using var pair = await PostgresPair.StartAsync();
        await using var library = await Library.OpenAsync(pair.ConnectionString);
        var user = await library.UserAsync("user");
        var chunk = Library.Chunk("a");
        var session = await library.OpenAsync(user, await library.RootAsync(user), "file", chunk);
        await library.ProveAsync(session, chunk);
        pair.Standby.Freeze();

        var refusal = await Record.ExceptionAsync(() => library.FinishAsync(session));

        pair.Standby.Thaw();
        Assert.NotNull(refusal);
        Assert.True(MetadataDb.IsOutage(refusal), refusal.ToString());
    }

    private static async Task ComeBackAsync(PostgresServer old, bool wasFrozen)
    {
        if (wasFrozen)
        {
            old.Thaw();
        }
        else
        {
            await old.StartAsync();
        }
    }
}
