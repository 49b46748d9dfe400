namespace FileSharing.Client;

/// <summary>The time limit of one request, as its <see cref="Patience"/> says.</summary>
internal sealed class ReplyLimit : IDisposable
{
    private readonly TimeProvider time;
    private readonly Patience patience;
    private readonly long begun;
    private readonly CancellationTokenSource source;
    private readonly Lock gate = new();
    private bool isOver;

    public ReplyLimit(Patience patience, TimeProvider time)
    {
        this.time = time;
        this.patience = patience;
        begun = time.GetTimestamp();
        source = new CancellationTokenSource(patience.Answer, time);
    }

    public CancellationToken Token => source.Token;

    /// <summary>Bytes went out. A body may still be sent when its request has been answered; that changes nothing.</summary>
    public void Renew()
    {
        lock (gate)
        {
            if (patience.IsRenewed && !isOver)
            {
                source.CancelAfter(patience.Answer + time.GetElapsedTime(begun));
            }
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            isOver = true;
            source.Dispose();
        }
    }
}
