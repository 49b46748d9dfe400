using System.Runtime.InteropServices;

namespace FileSharing.ClusterTests;

/// <summary>Signals to a process that a test started. One that is gone already gets none, and that is no error.</summary>
internal static partial class Signals
{
    private const int Kill = 9;
    private const int Terminate = 15;
    private const int Continue = 18;
    private const int Stop = 19;

    /// <summary>SIGKILL</summary>
    public static void SendKill(int processId) => _ = Send(processId, Kill);

    /// <summary>SIGTERM</summary>
    public static void SendTerminate(int processId) => _ = Send(processId, Terminate);

    /// <summary>SIGSTOP: it keeps everything, connections too, and does nothing.</summary>
    public static void SendStop(int processId) => _ = Send(processId, Stop);

    /// <summary>SIGCONT</summary>
    public static void SendContinue(int processId) => _ = Send(processId, Continue);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Send(int processId, int signal);
}
