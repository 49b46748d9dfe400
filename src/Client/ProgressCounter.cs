namespace FileSharing.Client;

/// <summary>Adds up what parallel transfers have done and reports the sum. Safe from any thread.</summary>
internal sealed class ProgressCounter(IProgress<TransferProgress>? sink)
{
    private long bytesDone;
    private long bytesMoved;
    private long bytesTotal;
    private long filesDone;
    private long filesTotal;

    public TransferProgress Snapshot =>
        new(
            Interlocked.Read(ref bytesDone),
            Interlocked.Read(ref bytesMoved),
            Interlocked.Read(ref bytesTotal),
            Interlocked.Read(ref filesDone),
            Interlocked.Read(ref filesTotal)
        );

    public void Expect(long bytes)
    {
        Interlocked.Add(ref bytesTotal, bytes);
        Interlocked.Increment(ref filesTotal);
        Report();
    }

    public void Moved(long bytes)
    {
        Interlocked.Add(ref bytesMoved, bytes);
        Interlocked.Add(ref bytesDone, bytes);
        Report();
    }

    public void AlreadyThere(long bytes)
    {
        Interlocked.Add(ref bytesDone, bytes);
        Report();
    }

    public void FileDone()
    {
        Interlocked.Increment(ref filesDone);
        Report();
    }

    private void Report() => sink?.Report(Snapshot);
}
