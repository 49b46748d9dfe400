using System.Diagnostics;
using FileSharing.Native.Posix;

namespace FileSharing.ClusterTests.Network;

/// <summary>One of the product's programs on a machine of its own, started and ended as often as a test wants. Its log grows over all its lives.</summary>
internal sealed class Machine(Host host, string program, IReadOnlyList<string> arguments, string log) : IAsyncDisposable
{
    /// <summary>A clean stop closes volumes and connections.</summary>
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(60);

    private Process? process;

    public Host Host => host;

    public bool IsRunning => process is { HasExited: false };

    /// <param name="more">Arguments of this start only.</param>
    public void Start(params string[] more)
    {
        Assert.False(IsRunning, $"{program} runs already.");
        process?.Dispose();
        // Every program of this line takes the place of the one before, so that signals to the process reach the product's.
        process = Shell.Start(
            "sh",
            [
                "-c",
                "PATH=$PATH:/usr/sbin:/sbin; exec ip netns exec \"$@\" >>\"$0\" 2>&1",
                log,
                host.Namespace!,
                Path.Combine(Shell.Root, "artifacts", "bin", program),
                .. arguments,
                .. more,
            ]
        );
    }

    /// <summary>SIGKILL, and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        if (process is not null)
        {
            PosixProcess.Send(process.Id, ProcessSignal.Kill);
            await process.WaitForExitAsync();
        }
    }

    /// <summary>SIGTERM, and waits until it has closed everything.</summary>
    public async Task StopAsync()
    {
        if (process is not null)
        {
            PosixProcess.Send(process.Id, ProcessSignal.Terminate);
            await process.WaitForExitAsync().WaitAsync(StopTimeout);
        }
    }

    /// <summary>SIGSTOP</summary>
    public void Freeze() => PosixProcess.Send(process!.Id, ProcessSignal.Stop);

    /// <summary>SIGCONT</summary>
    public void Thaw() => PosixProcess.Send(process!.Id, ProcessSignal.Continue);

    /// <summary>The end of what it wrote, for a message.</summary>
    public string LogEnd() => File.Exists(log) ? string.Join('\n', File.ReadLines(log).TakeLast(20)) : "";

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        process?.Dispose();
    }
}
