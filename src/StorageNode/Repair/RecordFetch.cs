using System.Collections.Concurrent;
using FileSharing.BlobEngine;
using FileSharing.Cluster;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Volumes;

namespace FileSharing.StorageNode.Repair;

/// <summary>
/// Takes the copies that another volume has, many in one call, and puts them here: docs/cluster.md, section 5. It must never call something fetched that is not durable here.
/// </summary>
internal sealed class RecordFetch(
    MapHolder map,
    VolumeSet volumes,
    IChunkTransport transport,
    RepairBudgets budgets,
    TimeProvider time
)
{
    /// <summary>Bytes of one call, unless one record alone is larger: enough that a call costs nothing beside its bytes, and little to wait for when the budget is small.</summary>
    private const int CallBytesMax = 4 << 20;

    /// <summary>Calls under way at once, for each comparison.</summary>
    private const int CallsAtOnceMax = 4;

    /// <summary>Records under way at once, of all comparisons of this node, together.</summary>
    private const long FetchBytesMax = 32L << 20;

    private readonly ByteBudget fetching = new(FetchBytesMax, time);

    /// <summary>Takes the source's copies, checked on both sides, with their stamps.</summary>
    /// <returns>Those that are not durable here afterwards.</returns>
    public async Task<IReadOnlyCollection<ListedRecord>> RunAsync(
        OpenVolume own,
        MapVolume source,
        IEnumerable<ListedRecord> records,
        CancellationToken cancellationToken
    )
    {
        var left = new ConcurrentQueue<ListedRecord>();
        await SomeAtOnce.ForEachAsync(
            Calls(records),
            CallsAtOnceMax,
            call => FetchAsync(own, source, call, left, cancellationToken)
        );
        return left;
    }

    private static IEnumerable<IReadOnlyList<ListedRecord>> Calls(IEnumerable<ListedRecord> records)
    {
        var call = new List<ListedRecord>();
        long bytes = 0;
        foreach (var record in records)
        {
            if (call.Count == FetchRequest.IdsMax || (call.Count > 0 && bytes + record.Bytes > CallBytesMax))
            {
                yield return call;
                (call, bytes) = ([], 0);
            }

            call.Add(record);
            bytes += record.Bytes;
        }

        if (call.Count > 0)
        {
            yield return call;
        }
    }

    private async Task FetchAsync(
        OpenVolume own,
        MapVolume source,
        IReadOnlyList<ListedRecord> call,
        ConcurrentQueue<ListedRecord> left,
        CancellationToken cancellationToken
    )
    {
        var bytes = call.Sum(record => record.Bytes);
        using var room = await fetching.ReserveAsync(bytes, Timeout.InfiniteTimeSpan, cancellationToken);
        using var work = await budgets.Of(own).BeginAsync(bytes, cancellationToken);
        var puts = new List<Task<bool>>(call.Count);
        try
        {
            // Put while the next one comes in: so they share syncs.
            var answers = transport.GetManyAsync(source, [.. call.Select(record => record.Id)], cancellationToken);
            await foreach (var (outcome, lease) in answers)
            {
                puts.Add(
                    outcome == FetchOutcome.Found
                        ? StoreAsync(own, call[puts.Count], lease!, cancellationToken)
                        : Task.FromResult(false)
                );
            }
        }
        finally
        {
            // They hold memory of the room, and the volume.
            await Task.WhenAll(puts);
        }

        for (var i = 0; i < call.Count; i++)
        {
            if (!await puts[i])
            {
                left.Enqueue(call[i]);
            }
        }
    }

    private async Task<bool> StoreAsync(
        OpenVolume own,
        ListedRecord wanted,
        RecordLease lease,
        CancellationToken cancellationToken
    )
    {
        using (lease)
        {
            // A record that is whole, but another's, would be taken for the one that is lacking.
            if (!RecordCodec.IsOf(wanted.Id, lease.Record.Span))
            {
                return false;
            }

            var status = await volumes.PutAsync(
                own.VolumeId,
                map.Required.Version,
                lease.Record,
                wanted.Epoch,
                owed: false,
                cancellationToken
            );
            if (status == RecordStatus.Stored)
            {
                own.Activity.Fetched(wanted.Bytes);
            }

            return status.IsDurable();
        }
    }
}
