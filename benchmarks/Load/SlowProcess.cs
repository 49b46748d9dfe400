using FileSharing.Native.Posix;

namespace FileSharing.Load;

/// <summary>
/// Makes a process a hundred times slower: it is stopped for 99 of every 100 ms (SIGSTOP, SIGCONT). What is sent to it waits in its sockets meanwhile, as with a
/// machine that swaps or a disk that hangs. Disposed, it runs again.
/// </summary>
internal sealed class SlowProcess : IDisposable
{
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
            Send(ProcessSignal.Stop);
            Thread.Sleep(Stopped);
            Send(ProcessSignal.Continue);
            Thread.Sleep(Running);
        }
    }

    public void Dispose()
    {
        isOver = true;
        cycle.Join();
        Send(ProcessSignal.Continue);
    }

    private void Send(ProcessSignal signal)
    {
        if (!PosixProcess.Send(process, signal))
        {
            throw new InvalidOperationException($"Process {process} is gone: what was measured is not a slow node.");
        }
    }
}
