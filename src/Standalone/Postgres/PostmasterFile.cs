namespace FileSharing.Standalone.Postgres;

/// <summary>
/// <c>postmaster.pid</c>, the server's own note of where and how it runs: line 1 the process id, line 5 the socket directory, line 8 the state.
/// pg_ctl waits on the same lines (src/include/utils/pidfile.h in PostgreSQL).
/// </summary>
internal sealed record PostmasterFile(int ProcessId, string? SocketDirectory, bool IsReady)
{
    private const int SocketDirectoryLine = 4;
    private const int StateLine = 7;

    public static string PathIn(string dataDirectory) => Path.Combine(dataDirectory, "postmaster.pid");

    /// <returns>Null when there is none, or it is still being written.</returns>
    public static PostmasterFile? Read(string dataDirectory)
    {
        try
        {
            var lines = File.ReadAllLines(PathIn(dataDirectory));
            return lines.Length > 0 && int.TryParse(lines[0], out var pid)
                ? new PostmasterFile(
                    pid,
                    lines.ElementAtOrDefault(SocketDirectoryLine),
                    lines.ElementAtOrDefault(StateLine)?.Trim() is "ready"
                )
                : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>True only for a live server process of this very data directory: process ids are reused.</summary>
    public bool IsAlive(string dataDirectory)
    {
        try
        {
            var arguments = File.ReadAllText($"/proc/{ProcessId}/cmdline").Split('\0');
            return Path.GetFileName(arguments[0]) is "postgres" or "postmaster" && arguments.Contains(dataDirectory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
