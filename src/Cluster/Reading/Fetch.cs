using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;

namespace FileSharing.Cluster.Reading;

/// <summary>One owner that has been asked for a record. Ends by <see cref="EndAsync"/> or by <see cref="AbandonAsync"/>.</summary>
internal sealed class Fetch
{
    private readonly CancellationTokenSource stop;
    private readonly PeerLatency.Wait wait;
    private volatile bool hasAnswered;

    private Fetch(bool isHedge, PeerLatency.Wait wait, CancellationToken cancellationToken)
    {
        IsHedge = isHedge;
        this.wait = wait;
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    }

    /// <summary>Asked although another had not failed.</summary>
    public bool IsHedge { get; }

    /// <summary>The peer has begun to answer: the record's bytes come.</summary>
    public bool HasAnswered => hasAnswered;

    /// <summary>Completes with the outcome, or as cancelled.</summary>
    public Task<FetchResult> Result { get; private set; } = null!;

    /// <param name="isIntact">Whether these bytes are the whole record of this id.</param>
    public static Fetch Begin(
        IChunkTransport transport,
        Func<ChunkId, ReadOnlyMemory<byte>, bool> isIntact,
        MapVolume owner,
        ChunkId id,
        bool isHedge,
        PeerLatency latency,
        CancellationToken cancellationToken
    )
    {
        var fetch = new Fetch(isHedge, latency.Begin(), cancellationToken);
        fetch.Result = fetch.RunAsync(transport, isIntact, owner, id);
        return fetch;
    }

    private async Task<FetchResult> RunAsync(
        IChunkTransport transport,
        Func<ChunkId, ReadOnlyMemory<byte>, bool> isIntact,
        MapVolume owner,
        ChunkId id
    )
    {
        using (wait)
        {
            try
            {
                var result = await transport.GetAsync(owner, id, Answered, stop.Token);
                if (result.Outcome != FetchOutcome.Unreachable)
                {
                    Answered();
                }

                if (result.Record is not { } record || isIntact(id, record.Record))
                {
                    return result;
                }

                record.Dispose();
                return new FetchResult(FetchOutcome.Damaged);
            }
            catch (OperationCanceledException)
            {
                wait.GivenUp();
                throw;
            }
        }
    }

    private void Answered()
    {
        hasAnswered = true;
        wait.Answered();
    }

    /// <summary>The outcome; a record is the caller's.</summary>
    public async Task<FetchResult> EndAsync()
    {
        using (stop)
        {
            return await Result;
        }
    }

    /// <summary>Another owner was quicker, or nobody wants it any more: cancelled, and what it holds is given back when it has stopped.</summary>
    public async Task AbandonAsync()
    {
        using (stop)
        {
            await stop.CancelAsync();
            try
            {
                (await Result).Record?.Dispose();
            }
            catch (OperationCanceledException)
            {
                // That is what was asked of it.
            }
        }
    }
}
