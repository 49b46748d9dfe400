using FileSharing.Native.Posix;
using FileSharing.Standalone.Postgres;
using Npgsql;

namespace FileSharing.UnitTests.Postgres;

/// <summary>One real server of a replicated pair: a primary with a synchronous standby, or that standby.</summary>
internal sealed class PostgresServer(PostgresBinaries binaries, ServerUser user, string folder, int port)
{
    private const string Owner = "fileshare";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private PostgresProcess? process;

    /// <summary>As hosts of a connection string with several name it.</summary>
    public string Host => $"{folder}:{port}";

    private string Data => Path.Combine(folder, $"data-{port}");

    private string ConnectionString =>
        $"Host={folder};Port={port};Username={Owner};Database=postgres;Pooling=false;Timeout=5";

    /// <summary>A new, empty primary.</summary>
    public async Task InitialiseAsync()
    {
        await RunAsync(
            binaries.InitDb,
            $"--pgdata={Data}",
            $"--username={Owner}",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--auth-local=trust",
            "--auth-host=reject"
        );
        await StartAsync();
    }

    /// <summary>Whatever was here goes; it becomes the standby of <paramref name="primary"/>, which waits for it at every commit from now on.</summary>
    public async Task BecomeStandbyOfAsync(PostgresServer primary)
    {
        if (Directory.Exists(Data))
        {
            Directory.Delete(Data, recursive: true);
        }

        await RunAsync(
            Path.Combine(binaries.Directory, "pg_basebackup"),
            "-h",
            folder,
            "-p",
            $"{primary.Port}",
            "-U",
            Owner,
            "-D",
            Data,
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
            "--no-sync"
        );
        await StartAsync();
        await primary.UntilAsync("SELECT EXISTS (SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync')");
    }

    public async Task StartAsync()
    {
        // The file of a killed server would name a process that is gone, or by now another.
        File.Delete(Path.Combine(Data, "postmaster.pid"));
        string[] settings =
        [
            "listen_addresses=",
            $"unix_socket_directories={folder}",
            "synchronous_standby_names=*",
            "synchronous_commit=on",
            "wal_level=replica",
            "shared_buffers=16MB",
            "max_connections=60",
            "wal_receiver_status_interval=1s",
        ];
        process = await PostgresProcess.StartAsync(
            user.DaemonCommand([
                binaries.Postgres,
                "-D",
                Data,
                "-p",
                $"{port}",
                .. settings.SelectMany(s => new[] { "-c", s }),
            ]),
            null
        );
        await UntilAsync("SELECT true");
    }

    public async Task PromoteAsync()
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var promote = new NpgsqlCommand("SELECT pg_promote(true, 60)", connection);
        Assert.Equal(true, await promote.ExecuteScalarAsync());
    }

    /// <summary>Writes a number that no other server has; without a standby, for which other commits wait.</summary>
    public async Task MarkAsync(int number)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var mark = new NpgsqlCommand(
            $"SET synchronous_commit = local; INSERT INTO marks VALUES ({number})",
            connection
        );
        await mark.ExecuteNonQueryAsync();
    }

    /// <summary>SIGKILL to the server and to every process of it, as a power cut would end them.</summary>
    public async Task KillAsync()
    {
        if (process is { Exited.IsCompleted: false })
        {
            Send(ProcessSignal.Kill);
            await process.Exited;
        }
    }

    public void Freeze() => Send(ProcessSignal.Stop);

    public void Thaw() => Send(ProcessSignal.Continue);

    private int Port => port;

    /// <summary>The server first: it would start a killed child anew.</summary>
    private void Send(ProcessSignal signal)
    {
        var id = process!.Id;
        var children = File.ReadAllText($"/proc/{id}/task/{id}/children")
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(int.Parse)
            .ToList();
        PosixProcess.Send(id, signal);
        children.ForEach(child => PosixProcess.Send(child, signal));
    }

    private async Task UntilAsync(string condition)
    {
        using var late = new CancellationTokenSource(Deadline);
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(ConnectionString);
                await connection.OpenAsync(late.Token);
                await using var query = new NpgsqlCommand(condition, connection);
                if (await query.ExecuteScalarAsync(late.Token) is true)
                {
                    return;
                }
            }
            catch (NpgsqlException) when (process is { Exited.IsCompleted: false })
            {
                // It is still starting.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), late.Token);
        }
    }

    private async Task RunAsync(params string[] command)
    {
        var result = await ChildProcess.RunAsync(user.Command(command), "", CancellationToken.None);
        Assert.True(result.Succeeded, result.Output);
    }
}
