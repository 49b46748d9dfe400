using FileSharing.Native.Posix;

namespace FileSharing.Standalone.Postgres;

/// <summary>Stopping a server: fast, then immediate, then by force, each only when the one before did not help.</summary>
internal static class PostgresShutdown
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    // A fast shutdown writes a checkpoint: at most 64 MiB of buffers.
    private static readonly TimeSpan FastDeadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ImmediateDeadline = TimeSpan.FromSeconds(5);

    /// <summary>What they mean to PostgreSQL is in its manual, "Shutting Down the Server": after an immediate shutdown the next start recovers from the log.</summary>
    private static readonly (ProcessSignal Signal, TimeSpan Deadline)[] Steps =
    [
        (ProcessSignal.Interrupt, FastDeadline),
        (ProcessSignal.Quit, ImmediateDeadline),
        (ProcessSignal.Kill, ImmediateDeadline),
    ];

    /// <summary>After it returns the child is gone.</summary>
    public static async Task StopAsync(int processId, Task exited, TimeProvider time)
    {
        foreach (var (signal, deadline) in Steps)
        {
            if (exited.IsCompleted)
            {
                return;
            }

            PosixProcess.Send(processId, signal);
            await Task.WhenAny(exited, Task.Delay(deadline, time));
        }
    }

    /// <summary>A server of this data directory that outlived its parent is stopped, and a note that points to somebody else's process is removed.</summary>
    public static async Task StopLeftoverAsync(string dataDirectory, TimeProvider time, CancellationToken stop)
    {
        if (PostmasterFile.Read(dataDirectory) is not { } file)
        {
            return;
        }

        foreach (var (signal, deadline) in Steps)
        {
            if (!file.IsAlive(dataDirectory))
            {
                break;
            }

            PosixProcess.Send(file.ProcessId, signal);
            await WaitUntilGoneAsync(file, dataDirectory, deadline, time, stop);
        }

        if (file.SocketDirectory is { } sockets)
        {
            SocketDirectory.Release(sockets);
        }

        RemoveIfForeign(file, dataDirectory);
    }

    // Postgres refuses to start while the id in its file is alive under the same user, even when that is another program that got the number later.
    private static void RemoveIfForeign(PostmasterFile file, string dataDirectory)
    {
        if (Directory.Exists($"/proc/{file.ProcessId}") && !file.IsAlive(dataDirectory))
        {
            File.Delete(PostmasterFile.PathIn(dataDirectory));
        }
    }

    private static async Task WaitUntilGoneAsync(
        PostmasterFile file,
        string dataDirectory,
        TimeSpan deadline,
        TimeProvider time,
        CancellationToken stop
    )
    {
        var begin = time.GetTimestamp();
        while (file.IsAlive(dataDirectory) && time.GetElapsedTime(begin) < deadline)
        {
            await Task.Delay(Poll, time, stop);
        }
    }
}
