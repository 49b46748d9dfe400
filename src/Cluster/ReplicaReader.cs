using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Reading;
using FileSharing.Cluster.Transport;
using Microsoft.Extensions.Logging;

namespace FileSharing.Cluster;

/// <summary>Every owner was asked and none has it.</summary>
public sealed class ChunkMissingException(ChunkId id)
    : IOException($"No owner has {id}. It was never stored, or all its copies are lost.");

/// <summary>No good copy could be read now; it may exist on an owner that could not be asked.</summary>
public sealed class ChunkUnavailableException(ChunkId id)
    : IOException($"No good copy of {id} can be read at the moment. Try again when more storage nodes are up.");

/// <summary>
/// Reads a record from the owner that gives a good copy first. One is asked; when it fails, or lets the reader wait longer than it should, the next is asked as
/// well. "Missing" needs a no from every owner: one that cannot be asked may be the one that has it. docs/reads.md.
/// </summary>
/// <param name="nodeId">The node that reads; owners in its zone are preferred.</param>
/// <param name="isIntact">Whether these bytes are the whole record of this id, going by its own checksum.</param>
public sealed class ReplicaReader(
    MapHolder map,
    IChunkTransport transport,
    PeerHealth health,
    Guid nodeId,
    Func<ChunkId, ReadOnlyMemory<byte>, bool> isIntact,
    TimeProvider time,
    ILogger<ReplicaReader> log
)
{
    /// <summary>For the bytes of a record whose owner has begun to answer, before another is asked as well.</summary>
    private static readonly TimeSpan BytesPatience = TimeSpan.FromSeconds(1);

    private readonly OwnerOrder order = new(health, nodeId, time);
    private readonly HedgeBudget budget = new();
    private readonly ReadCounts counts = new(time, log);

    /// <summary>Asks for the newest map, for a record that nobody has by a map which may be old; returns when it is here, or cannot be had.</summary>
    public Func<CancellationToken, Task> RefreshMap { get; set; } = _ => Task.CompletedTask;

    /// <summary>Reads that asked a second owner because the first was slow.</summary>
    public long Hedged => counts.Hedged;

    /// <summary>Of those, the ones that the second owner answered first.</summary>
    public long HedgesWon => counts.HedgesWon;

    /// <summary>The record, checked against its own checksum. The caller disposes it.</summary>
    /// <param name="except">Volumes that the caller has tried itself.</param>
    /// <exception cref="ChunkMissingException">No owner has it (and the excepted ones did not either, as the caller knows).</exception>
    /// <exception cref="ChunkUnavailableException">An owner could not be asked, or its copy is damaged.</exception>
    public async ValueTask<RecordLease> ReadAsync(
        ChunkId id,
        Func<MapVolume, bool> except,
        CancellationToken cancellationToken
    )
    {
        counts.Read();
        budget.Earn();
        var at = map.Required;
        if (await TryReadAsync(at, id, except, cancellationToken) is { } record)
        {
            return record;
        }

        // Nobody has it by this map. By a newer one somebody may: a volume that took it over, and gave the old one leave to forget it.
        if (map.IsBehind)
        {
            await RefreshMap(cancellationToken);
        }

        if (map.Required.Version > at.Version)
        {
            return await TryReadAsync(map.Required, id, except, cancellationToken) ?? throw Missing(id);
        }

        throw Missing(id);
    }

    private IOException Missing(ChunkId id) =>
        map.IsBehind ? new ChunkUnavailableException(id) : new ChunkMissingException(id);

    /// <returns>Null when everybody who may have it by this map says no.</returns>
    /// <exception cref="ChunkUnavailableException">One of them could not be asked, or its copy is damaged.</exception>
    private async ValueTask<RecordLease?> TryReadAsync(
        ClusterMap at,
        ChunkId id,
        Func<MapVolume, bool> except,
        CancellationToken cancellationToken
    )
    {
        var owners = order.Sort(at, id, except);
        var asked = 0;
        var isUnavailable = false;
        var underWay = new List<Fetch>(owners.Count);
        try
        {
            while (underWay.Count > 0 || asked < owners.Count)
            {
                if (underWay.Count == 0)
                {
                    underWay.Add(Ask(isHedge: false));
                }

                var patience = asked < owners.Count ? order.HedgeDelay(owners) : Timeout.InfiniteTimeSpan;
                if (await FirstAsync(underWay, patience) is not { } done)
                {
                    if (budget.TrySpend())
                    {
                        counts.Hedge();
                        underWay.Add(Ask(isHedge: true));
                    }

                    continue;
                }

                underWay.Remove(done);
                var (outcome, record) = await done.EndAsync();
                if (outcome == FetchOutcome.Found)
                {
                    if (done.IsHedge)
                    {
                        counts.HedgeWon();
                    }

                    return record!;
                }

                isUnavailable |= outcome != FetchOutcome.Absent;
                if (asked < owners.Count)
                {
                    underWay.Add(Ask(isHedge: false));
                }
            }
        }
        finally
        {
            underWay.ForEach(late => _ = late.AbandonAsync());
        }

        return isUnavailable ? throw new ChunkUnavailableException(id) : null;

        Fetch Ask(bool isHedge)
        {
            var owner = owners[asked++];
            return Fetch.Begin(transport, isIntact, owner, id, isHedge, order.Of(owner), cancellationToken);
        }
    }

    /// <returns>The first that is done, or null: one should have been by now, and asking another is worth it.</returns>
    private async Task<Fetch?> FirstAsync(List<Fetch> underWay, TimeSpan patience)
    {
        var first = Task.WhenAny(underWay.Select(fetch => fetch.Result));
        if (
            !await IsDoneWithinAsync(first, patience)
            && !(underWay.Exists(fetch => fetch.HasAnswered) && await IsDoneWithinAsync(first, BytesPatience))
        )
        {
            return null;
        }

        var done = await first;
        return underWay.Find(fetch => fetch.Result == done);
    }

    private async Task<bool> IsDoneWithinAsync(Task task, TimeSpan patience)
    {
        await task.WaitAsync(patience, time)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        return task.IsCompleted;
    }
}
