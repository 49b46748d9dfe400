using System.Diagnostics;
using System.Globalization;
using System.Net;
using FileSharing.Native.Posix;

namespace FileSharing.ClusterTests.Engine;

/// <summary>One run of the storage-node program, as built, from its start to its death. With strace in front, which then traces it from outside.</summary>
internal sealed class NodeProcess : IDisposable
{
    private static readonly string Program = Path.Combine(Shell.Root, "artifacts", "bin", "storage-node");
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(15);

    private readonly Process process;
    private readonly Uri address;
    private readonly Task<string> output;
    private readonly Task<string> errors;

    private NodeProcess(Process process, Uri address)
    {
        this.process = process;
        this.address = address;
        output = process.StandardOutput.ReadToEndAsync();
        errors = process.StandardError.ReadToEndAsync();
    }

    public bool HasExited => process.HasExited;

    /// <param name="arguments">Settings, <c>--Node:Name=…</c>.</param>
    /// <param name="address">Where it will listen.</param>
    /// <param name="trace">Options of strace; null: the program by itself.</param>
    public static NodeProcess Start(IReadOnlyList<string> arguments, Uri address, IReadOnlyList<string>? trace)
    {
        // -D: the tracer is a grandchild, so that the process started here is the node itself, and a signal to it is one to the node.
        var started = trace is null
            ? Shell.Start(Program, arguments)
            : Shell.Start("strace", ["-D", "-f", "-q", .. trace, "--", Program, .. arguments]);
        return new NodeProcess(started, address);
    }

    /// <summary>Waits until it answers.</summary>
    /// <returns>False when it died before.</returns>
    public async Task<bool> WaitReadyAsync(HttpClient http)
    {
        var deadline = Stopwatch.StartNew();
        var health = new Uri(address, "/health/ready");
        while (!process.HasExited)
        {
            try
            {
                using var response = await http.GetAsync(health);
                if (response.StatusCode == HttpStatusCode.OK)
                {
                    return true;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            if (deadline.Elapsed > StartTimeout)
            {
                throw new TimeoutException($"The node does not answer after {StartTimeout}.");
            }

            await Task.Delay(PollInterval);
        }

        return false;
    }

    /// <summary>SIGKILL, and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        // Not Process.Kill: under strace the death of the tracee has a moment between the signal and the exit, which is waited for below.
        PosixProcess.Send(process.Id, ProcessSignal.Kill);
        await process.WaitForExitAsync();
    }

    /// <summary>SIGTERM; it closes its volumes.</summary>
    public async Task StopAsync()
    {
        PosixProcess.Send(process.Id, ProcessSignal.Terminate);
        await process.WaitForExitAsync();
    }

    public Task WaitForExitAsync(CancellationToken cancellationToken) => process.WaitForExitAsync(cancellationToken);

    /// <summary>What it wrote, once it has ended.</summary>
    public async Task<string> ReadLogAsync() => await output + await errors;

    public string Describe() => string.Create(CultureInfo.InvariantCulture, $"exit code {process.ExitCode}");

    public void Dispose() => process.Dispose();
}
