using System.Diagnostics;

namespace FileSharing.Load;

/// <summary>deploy/cluster, for what must be done to a running cluster.</summary>
internal sealed class ClusterScript(string path, string data)
{
    /// <exception cref="InvalidOperationException">It failed; what it said went to standard error.</exception>
    public async Task RunAsync(params string[] verb)
    {
        var start = new ProcessStartInfo(path, [.. verb, "--data", data]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"deploy/cluster {string.Join(' ', verb)} failed.");
        }
    }
}
