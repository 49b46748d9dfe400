namespace FileSharing.Standalone;

/// <summary>The lock on the data directory, the process id for those who stop us, and the address for those who wait for us.</summary>
internal sealed class RunFiles : IAsyncDisposable
{
    private readonly DataLayout layout;
    private readonly DataLock held;

    /// <exception cref="DataInUseException">Another process works on the directory.</exception>
    public RunFiles(DataLayout layout)
    {
        this.layout = layout;
        held = DataLock.Take(layout.LockFile);
        File.Delete(layout.UrlFile);
        File.WriteAllText(layout.PidFile, $"{Environment.ProcessId}\n");
    }

    public void Announce(Uri url)
    {
        // Whole or not at all, since a script polls for it.
        var temporary = $"{layout.UrlFile}.new";
        File.WriteAllText(temporary, $"{url.AbsoluteUri.TrimEnd('/')}\n");
        File.Move(temporary, layout.UrlFile, overwrite: true);
    }

    public ValueTask DisposeAsync()
    {
        File.Delete(layout.UrlFile);
        File.Delete(layout.PidFile);
        held.Dispose();
        return ValueTask.CompletedTask;
    }
}
