using System.Diagnostics;

namespace FileSharing.Standalone.Postgres;

/// <summary>
/// The running server as a child. It is started by a thread that lives exactly as long as the child: the kernel sends the death signal
/// when the starting <em>thread</em> ends, and a pool thread may end at any time.
/// </summary>
internal sealed class PostgresProcess
{
    private const int LinesKept = 20;

    private readonly IReadOnlyList<string> command;
    private readonly Action<string>? output;
    private readonly Queue<string> lastLines = new();
    private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<int> exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private PostgresProcess(IReadOnlyList<string> command, Action<string>? output)
    {
        this.output = output;
        this.command = command;
    }

    public int Id { get; private set; }

    /// <summary>Ends with the exit code when the server is gone.</summary>
    public Task<int> Exited => exited.Task;

    /// <summary>The last lines that the server wrote, for the error message of a failed start.</summary>
    public string LastLines
    {
        get
        {
            lock (lastLines)
            {
                return string.Join('\n', lastLines);
            }
        }
    }

    public static async Task<PostgresProcess> StartAsync(IReadOnlyList<string> command, Action<string>? output)
    {
        var child = new PostgresProcess(command, output);
        new Thread(child.Live) { IsBackground = true, Name = "postgres" }.Start();
        await child.started.Task;
        return child;
    }

    private void Live()
    {
        using var process = new Process { StartInfo = ChildProcess.StartInfo(command, pipes: false) };
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        try
        {
            process.Start();
            Id = process.Id;
            process.BeginErrorReadLine();
            started.SetResult();
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            started.SetException(new PostgresException($"{command[0]} did not start: {e.Message}", e));
            return;
        }

        process.WaitForExit();
        exited.SetResult(process.ExitCode);
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (lastLines)
        {
            lastLines.Enqueue(line);
            if (lastLines.Count > LinesKept)
            {
                lastLines.Dequeue();
            }
        }

        output?.Invoke(line);
    }
}
