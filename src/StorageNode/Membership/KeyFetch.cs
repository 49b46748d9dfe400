namespace FileSharing.StorageNode.Membership;

/// <summary>
/// For a record under a key that its volume lacks: the node was away while the key was made, or the volume was. It asks the API before it refuses. However many
/// records come at once, the API is asked by one question at a time, and no more than one a second.
/// </summary>
internal sealed class KeyFetch(NodeKeys keys, Func<CancellationToken, Task> askApi, TimeProvider time)
{
    /// <summary>Senders wait for the record; longer than this another owner is the better one.</summary>
    private static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(1);

    private readonly Lock starting = new();
    private Task asking = Task.CompletedTask;
    private long asked;

    /// <summary>Tries to put the key on the volumes that lack it; whether it is there now is for the volume to say.</summary>
    public async Task TryProvideAsync(uint keyId, CancellationToken cancellationToken)
    {
        if (!keys.Holds(keyId))
        {
            await AskOnceAsync().WaitAsync(cancellationToken);
        }

        await keys.StoreAsync(cancellationToken);
    }

    private Task AskOnceAsync()
    {
        lock (starting)
        {
            if (asking.IsCompleted && (asked == 0 || time.GetElapsedTime(asked) >= AskAgainAfter))
            {
                asked = time.GetTimestamp();
                asking = AskAsync();
            }

            return asking;
        }
    }

    private async Task AskAsync()
    {
        using var limit = new CancellationTokenSource(AnswerMax, time);
        try
        {
            await askApi(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // The record is refused, and comes again as one that this volume is owed.
        }
    }
}
