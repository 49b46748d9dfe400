namespace FileSharing.Native.Posix;

/// <summary>Signals by their numbers on Linux.</summary>
public enum ProcessSignal
{
    /// <summary>SIGINT</summary>
    Interrupt = 2,

    /// <summary>SIGQUIT</summary>
    Quit = 3,

    /// <summary>SIGKILL</summary>
    Kill = 9,

    /// <summary>SIGTERM</summary>
    Terminate = 15,

    /// <summary>SIGCONT</summary>
    Continue = 18,

    /// <summary>SIGSTOP: the process keeps everything, connections too, and does nothing.</summary>
    Stop = 19,
}

/// <summary>kill(2): the BCL sends SIGKILL only.</summary>
public static class PosixProcess
{
    /// <returns>False when there is no such process any more.</returns>
    public static bool Send(int processId, ProcessSignal signal) => PosixApi.Kill(processId, (int)signal) == 0;
}
