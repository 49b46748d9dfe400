using FileSharing.Standalone;
using FileSharing.Standalone.Postgres;

namespace FileSharing.UnitTests.Standalone;

public sealed class PostgresDataTests
{
    [Fact]
    public async Task A_first_start_that_was_killed_leaves_nothing_that_stops_the_next()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.At("postgres.unfinished", "base"));

        await using (await StartAsync(folder)) { }

        Assert.False(Directory.Exists(folder.At("postgres.unfinished")));
    }

    [Fact]
    public async Task A_directory_with_something_else_in_it_is_refused_and_left_alone()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.At("postgres"));
        await File.WriteAllTextAsync(folder.At("postgres", "thesis.txt"), "only copy");

        var error = await Assert.ThrowsAsync<PostgresException>(() => StartAsync(folder));

        Assert.Contains("neither empty", error.Message, StringComparison.Ordinal);
        Assert.Equal("only copy", await File.ReadAllTextAsync(folder.At("postgres", "thesis.txt")));
    }

    private static Task<PrivatePostgres> StartAsync(TemporaryFolder folder) =>
        PrivatePostgres.StartAsync(
            new PrivatePostgresSettings(folder.At("postgres"), folder.At("run")),
            TimeProvider.System,
            CancellationToken.None
        );
}
