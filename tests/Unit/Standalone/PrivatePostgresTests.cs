using FileSharing.Native.Posix;
using FileSharing.Standalone;
using FileSharing.Standalone.Postgres;
using Npgsql;

namespace FileSharing.UnitTests.Standalone;

/// <summary>One data directory for all tests of this class, which run one after the other: making it takes longer than starting on it.</summary>
public sealed class PrivatePostgresTests(TemporaryFolder folder) : IClassFixture<TemporaryFolder>
{
    private static readonly CancellationToken None = CancellationToken.None;

    private PrivatePostgresSettings Settings => new(folder.At("postgres"), folder.At("run"));

    [Fact]
    public async Task What_was_committed_is_there_after_a_stop_and_a_start()
    {
        await using (var first = await StartAsync(Settings))
        {
            await ExecuteAsync(first, "CREATE TABLE IF NOT EXISTS kept (n int); INSERT INTO kept VALUES (1)");
        }

        await using var second = await StartAsync(Settings);

        Assert.NotEqual(0L, await ScalarAsync(second, "SELECT count(*) FROM kept"));
    }

    [Fact]
    public async Task Commits_are_durable_and_nothing_listens_on_tcp()
    {
        await using var server = await StartAsync(Settings);

        Assert.Equal("on", await ScalarAsync(server, "SHOW fsync"));
        Assert.Equal("on", await ScalarAsync(server, "SHOW synchronous_commit"));
        Assert.Equal("on", await ScalarAsync(server, "SHOW full_page_writes"));
        Assert.Equal("", await ScalarAsync(server, "SHOW listen_addresses"));
        Assert.Equal("UTF8", await ScalarAsync(server, "SHOW server_encoding"));
    }

    [Fact]
    public async Task Only_its_own_user_may_enter_the_directory_of_the_socket()
    {
        await using var server = await StartAsync(Settings);
        var sockets = new NpgsqlConnectionStringBuilder(server.ConnectionString).Host!;

        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(sockets)
        );
    }

    [Fact]
    public async Task The_pid_file_names_the_server_while_it_runs()
    {
        var pidFile = folder.At("run", "postgres.pid");
        await using (var server = await StartAsync(Settings))
        {
            Assert.Equal($"{server.ProcessId}\n", await File.ReadAllTextAsync(pidFile));
        }

        Assert.False(File.Exists(pidFile));
    }

    [Fact]
    public async Task A_second_server_on_the_same_data_is_refused_and_the_first_goes_on()
    {
        await using var first = await StartAsync(Settings);

        await Assert.ThrowsAsync<DataInUseException>(() => StartAsync(Settings));

        Assert.Equal(1, await ScalarAsync(first, "SELECT 1"));
    }

    [Fact]
    public async Task A_server_left_over_from_a_killed_parent_is_stopped_by_the_next_start()
    {
        await using (await StartAsync(Settings)) { }

        var leftover = await StartLeftoverAsync();
        await using var server = await StartAsync(Settings);

        Assert.Equal(0, await leftover.Exited.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(1, await ScalarAsync(server, "SELECT 1"));
    }

    [Fact]
    public async Task A_pid_file_that_points_to_another_program_does_not_stop_the_start_nor_that_program()
    {
        await using (await StartAsync(Settings)) { }

        var bystander = await PostgresProcess.StartAsync(
            ServerUser.ForThisProcess().Command("sleep", "60"),
            output: null
        );
        await File.WriteAllTextAsync(
            PostmasterFile.PathIn(Settings.DataDirectory),
            $"{bystander.Id}\n{Settings.DataDirectory}\n1\n5432\n\n\n"
        );

        await using (var server = await StartAsync(Settings))
        {
            Assert.Equal(1, await ScalarAsync(server, "SELECT 1"));
            Assert.False(bystander.Exited.IsCompleted);
        }

        PosixProcess.Send(bystander.Id, ProcessSignal.Kill);
        await bystander.Exited;
    }

    [Fact]
    public async Task A_path_too_long_for_a_socket_gets_a_short_one_that_goes_with_the_server()
    {
        var settings = Settings with { RunDirectory = folder.At(new string('r', 100)) };
        string sockets;
        await using (var server = await StartAsync(settings))
        {
            sockets = new NpgsqlConnectionStringBuilder(server.ConnectionString).Host!;
            Assert.Equal(1, await ScalarAsync(server, "SELECT 1"));
        }

        Assert.True(sockets.Length < 60, sockets);
        Assert.False(Directory.Exists(sockets));
    }

    [Fact]
    public async Task A_server_that_dies_is_noticed()
    {
        await using var server = await StartAsync(Settings);

        PosixProcess.Send(server.ProcessId, ProcessSignal.Quit);

        await server.Exited.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Data_in_a_directory_that_only_its_owner_may_enter_works()
    {
        var closed = Directory.CreateDirectory(
            Path.Combine(Path.GetDirectoryName(Settings.DataDirectory)!, "closed"),
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        );
        var below = new PrivatePostgresSettings(
            Path.Combine(closed.FullName, "data"),
            Path.Combine(closed.FullName, "run")
        );

        await using (var server = await StartAsync(below))
        {
            await ExecuteAsync(server, "CREATE TABLE t AS SELECT 7 AS n");
        }

        await using var again = await StartAsync(below);
        Assert.Equal(7, await ScalarAsync(again, "SELECT n FROM t"));
    }

    private static Task<PrivatePostgres> StartAsync(PrivatePostgresSettings settings) =>
        PrivatePostgres.StartAsync(settings, TimeProvider.System, None);

    /// <summary>As after kill -9 of the parent on a kernel that sent no death signal.</summary>
    private async Task<PostgresProcess> StartLeftoverAsync()
    {
        var user = ServerUser.ForThisProcess();
        var binaries = await PostgresBinaries.FindAsync(major: null, None);
        var sockets = await SocketDirectory.CreateAsync(Settings.RunDirectory, user, None);
        var process = await PostgresProcess.StartAsync(
            user.Command(PostgresCommand.Serve(binaries, Settings.DataDirectory, sockets)),
            output: null
        );
        while (PostmasterFile.Read(Settings.DataDirectory) is not { IsReady: true })
        {
            Assert.False(process.Exited.IsCompleted, process.LastLines);
            await Task.Delay(20);
        }

        return process;
    }

    private static async Task ExecuteAsync(PrivatePostgres server, string sql)
    {
        await using var source = NpgsqlDataSource.Create(server.ConnectionString + ";Pooling=false");
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<object?> ScalarAsync(PrivatePostgres server, string sql)
    {
        await using var source = NpgsqlDataSource.Create(server.ConnectionString + ";Pooling=false");
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
