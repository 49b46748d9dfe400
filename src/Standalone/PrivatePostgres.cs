using FileSharing.Standalone.Postgres;

namespace FileSharing.Standalone;

/// <summary>Where the private Postgres keeps its things.</summary>
/// <param name="DataDirectory">Made at the first start; afterwards it belongs to the unprivileged user that the server runs as.</param>
/// <param name="RunDirectory">For the lock, the socket and <c>postgres.pid</c>; made when missing.</param>
/// <param name="Output">Takes each line that the server writes to its log; called from any thread.</param>
public sealed record PrivatePostgresSettings(string DataDirectory, string RunDirectory, Action<string>? Output = null);

/// <summary>
/// A PostgreSQL server of our own: found on this machine, started as a child with its own data directory, reachable through a Unix socket only
/// and by this user only. Same SQL and same durability as any other Postgres.
/// </summary>
/// <remarks>
/// When this process is killed, the kernel stops the server. A server that is left over all the same is stopped by the next start.
/// </remarks>
public sealed class PrivatePostgres : IAsyncDisposable
{
    /// <summary>Name of the database and of its owner.</summary>
    public const string DatabaseName = "fileshare";

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    // Crash recovery replays at most max_wal_size (1 GiB) of log; a minute on a slow disk.
    private static readonly TimeSpan StartDeadline = TimeSpan.FromMinutes(5);

    private readonly PrivatePostgresSettings settings;
    private readonly DataLock runLock;
    private readonly string socketDirectory;
    private readonly PostgresProcess process;
    private readonly TimeProvider time;

    private PrivatePostgres(
        PrivatePostgresSettings settings,
        DataLock runLock,
        string socketDirectory,
        PostgresProcess process,
        TimeProvider time
    )
    {
        this.settings = settings;
        this.runLock = runLock;
        this.socketDirectory = socketDirectory;
        this.process = process;
        this.time = time;
    }

    /// <summary>For Npgsql: the database <see cref="DatabaseName"/> as its owner, who is also superuser.</summary>
    public string ConnectionString =>
        $"Host={socketDirectory};Port={PostgresCommand.Port};Username={DatabaseName};Database={DatabaseName}";

    /// <summary>Process id of the server.</summary>
    public int ProcessId => process.Id;

    /// <summary>Ends with the exit code when the server is gone, whoever stopped it.</summary>
    public Task<int> Exited => process.Exited;

    /// <summary>Makes the data directory if there is none, starts the server and returns when it answers.</summary>
    /// <exception cref="PostgresException">No PostgreSQL is installed, the directory is out of reach, or the server does not come up; the message says which and what to do.</exception>
    /// <exception cref="DataInUseException">Another process runs a server on this data.</exception>
    public static async Task<PrivatePostgres> StartAsync(
        PrivatePostgresSettings settings,
        TimeProvider time,
        CancellationToken stop
    )
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(time);
        settings = settings with
        {
            DataDirectory = Path.GetFullPath(settings.DataDirectory),
            RunDirectory = Path.GetFullPath(settings.RunDirectory),
        };
        Directory.CreateDirectory(settings.RunDirectory);
        var held = DataLock.Take(Path.Combine(settings.RunDirectory, "postgres.lock"));
        try
        {
            return await StartLockedAsync(settings, held, time, stop);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private static async Task<PrivatePostgres> StartLockedAsync(
        PrivatePostgresSettings settings,
        DataLock held,
        TimeProvider time,
        CancellationToken stop
    )
    {
        // 1. Nobody else may run on this data: the lock is ours, so a live server is a leftover.
        await PostgresShutdown.StopLeftoverAsync(settings.DataDirectory, time, stop);

        // 2. The programs that fit the data, and the data itself.
        var user = ServerUser.ForThisProcess();
        var binaries = await PostgresBinaries.FindAsync(PostgresData.MajorOf(settings.DataDirectory), stop);
        await PostgresData.EnsureAsync(settings.DataDirectory, binaries, user, stop);

        // 3. The server.
        var sockets = await SocketDirectory.CreateAsync(settings.RunDirectory, user, stop);
        var command = user.DaemonCommand(PostgresCommand.Serve(binaries, settings.DataDirectory, sockets));
        var child = await PostgresProcess.StartAsync(command, settings.Output);
        var server = new PrivatePostgres(settings, held, sockets, child, time);
        try
        {
            await server.WaitUntilReadyAsync(stop);
            await File.WriteAllTextAsync(server.PidFile, $"{child.Id}\n", stop);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Fast shutdown: open transactions roll back, everything is on disk when it returns. Repeating it is harmless.</summary>
    public async ValueTask DisposeAsync()
    {
        await PostgresShutdown.StopAsync(process.Id, process.Exited, time);
        SocketDirectory.Release(socketDirectory);
        File.Delete(PidFile);
        runLock.Dispose();
    }

    private string PidFile => Path.Combine(settings.RunDirectory, "postgres.pid");

    private async Task WaitUntilReadyAsync(CancellationToken stop)
    {
        var begin = time.GetTimestamp();
        while (
            PostmasterFile.Read(settings.DataDirectory) is not { IsReady: true } file || file.ProcessId != process.Id
        )
        {
            if (process.Exited.IsCompleted)
            {
                throw new PostgresException($"Postgres stopped while starting:\n{process.LastLines}");
            }

            if (time.GetElapsedTime(begin) > StartDeadline)
            {
                throw new PostgresException(
                    $"Postgres did not answer within {StartDeadline.TotalMinutes} minutes:\n{process.LastLines}"
                );
            }

            await Task.Delay(Poll, time, stop);
        }
    }
}
