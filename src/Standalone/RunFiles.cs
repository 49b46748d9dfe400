namespace FileSharing.Standalone;

/// <summary>The lock on the data directory, and the process id for those who stop us.</summary>
internal sealed class RunFiles : IAsyncDisposable
{
    private readonly DataLayout layout;
    private readonly DataLock held;

    /// <exception cref="DataInUseException">Another process works on the directory.</exception>
    public RunFiles(DataLayout layout)
    {
        this.layout = layout;
        held = DataLock.Take(layout.LockFile);
        File.WriteAllText(layout.PidFile, $"{Environment.ProcessId}\n");
    }

    public ValueTask DisposeAsync()
    {
        File.Delete(layout.PidFile);
        held.Dispose();
        return ValueTask.CompletedTask;
    }
}
