using System.Diagnostics;

namespace FileSharing.Standalone.Postgres;

/// <summary>Short-lived helper programs: run to their end, output kept for the error message.</summary>
internal static class ChildProcess
{
    internal readonly record struct Result(int ExitCode, string Output)
    {
        public bool Succeeded => ExitCode == 0;
    }

    /// <param name="command">Program and arguments; no shell takes part.</param>
    /// <param name="input">Given on standard input.</param>
    /// <returns>Exit code, and standard output followed by standard error.</returns>
    public static async Task<Result> RunAsync(IReadOnlyList<string> command, string input, CancellationToken stop)
    {
        var start = StartInfo(command, pipes: true);
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} did not start.");
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(stop);
            var error = process.StandardError.ReadToEndAsync(stop);
            await process.StandardInput.WriteAsync(input.AsMemory(), stop);
            process.StandardInput.Close();
            await process.WaitForExitAsync(stop);
            return new Result(process.ExitCode, await output + await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    public static ProcessStartInfo StartInfo(IReadOnlyList<string> command, bool pipes)
    {
        // The working directory is "/": an unprivileged child may not enter ours, and Postgres asks for it.
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardInput = pipes,
            RedirectStandardOutput = pipes,
            WorkingDirectory = "/",
        };
        start.Environment["LC_ALL"] = "C.UTF-8";
        return start;
    }
}
