using System.ComponentModel;
using System.Runtime.InteropServices;

namespace FileSharing.Load;

/// <summary>
/// Makes a process a hundred times slower: it is stopped for 99 of every 100 ms (SIGSTOP, SIGCONT). What is sent to it waits in its sockets meanwhile, as with a
/// machine that swaps or a disk that hangs. Disposed, it runs again.
/// </summary>
internal sealed partial class SlowProcess : IDisposable
{
    private const int SignalContinue = 18;
    private const int SignalStop = 19;
    private static readonly TimeSpan Running = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Stopped = TimeSpan.FromMilliseconds(99);

    private readonly int process;
    private readonly Thread cycle;
    private volatile bool isOver;

    public SlowProcess(int process)
    {
        this.process = process;
        cycle = new Thread(Cycle) { Priority = ThreadPriority.Highest, IsBackground = true };
        cycle.Start();
    }

    private void Cycle()
    {
        while (!isOver)
        {
            Send(SignalStop);
            Thread.Sleep(Stopped);
            Send(SignalContinue);
            Thread.Sleep(Running);
        }
    }

    public void Dispose()
    {
        isOver = true;
        cycle.Join();
        Send(SignalContinue);
    }

    private void Send(int signal)
    {
        if (NativeKill(process, signal) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int NativeKill(int processId, int signal);
}
