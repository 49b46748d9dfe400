using System.Runtime.InteropServices;

namespace FileSharing.Standalone.Postgres;

/// <summary>kill(2): the BCL sends SIGKILL only. PostgreSQL's meanings are in its manual, "Shutting Down the Server".</summary>
internal static partial class Signals
{
    /// <summary>Fast shutdown: open transactions roll back, everything is written.</summary>
    public const int Interrupt = 2;

    /// <summary>Immediate shutdown: the next start recovers from the log.</summary>
    public const int Quit = 3;

    public const int Kill = 9;

    /// <returns>False when there is no such process any more.</returns>
    public static bool Send(int processId, int signal) => NativeKill(processId, signal) == 0;

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int NativeKill(int processId, int signal);
}
