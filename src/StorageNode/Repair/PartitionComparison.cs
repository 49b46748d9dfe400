using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Volumes;
using Microsoft.Extensions.Logging;

namespace FileSharing.StorageNode.Repair;

/// <summary>What one volume found out about a partition by comparing it with another's.</summary>
/// <param name="Records">Held now.</param>
/// <param name="Lacking">Held there, and still not here.</param>
/// <param name="BytesLeft">Of these.</param>
/// <param name="Fetched">Brought by this comparison.</param>
internal readonly record struct Compared(int Partition, long Records, long Lacking, long BytesLeft, long Fetched);

/// <summary>
/// Finds what this volume lacks of partitions that another one holds, and fetches it: docs/cluster.md, section 5. The one way in which copies are made good. It must
/// never call something held that is not durable here.
/// </summary>
internal sealed class PartitionComparison(
    MapHolder map,
    VolumeSet volumes,
    IChunkTransport transport,
    IVolumeCalls calls,
    RepairBudgets budgets,
    RandomNumberGenerator random,
    TimeProvider time,
    ILogger<PartitionComparison> log
)
{
    /// <summary>Partitions that differ and are brought at once, for each comparison.</summary>
    private const int PartitionsAtOnceMax = 8;

    /// <summary>Records of one partition under way at once.</summary>
    private const int FetchesAtOnceMax = 4;

    /// <summary>Records under way at once, of all comparisons of this node, together.</summary>
    private const long FetchBytesMax = 32L << 20;

    private readonly ByteBudget fetching = new(FetchBytesMax, time);

    /// <summary>Compares these partitions, and brings what is lacking.</summary>
    /// <returns>Of each partition that could be compared; of those left out nothing is known. Empty when the source cannot be asked.</returns>
    public async Task<IReadOnlyList<Compared>> RunAsync(
        OpenVolume own,
        MapVolume source,
        IReadOnlyList<int> partitions,
        CancellationToken cancellationToken
    )
    {
        var done = new ConcurrentBag<Compared>();
        try
        {
            foreach (var some in partitions.Chunk(DigestRequest.RangesMax))
            {
                await CompareAsync(own, source, some, done, cancellationToken);
            }
        }
        catch (Exception error) when (IsFailure(error, cancellationToken))
        {
            log.ComparisonPaused(own.VolumeId, source.VolumeId, error.Message);
        }

        return [.. done];
    }

    private async Task CompareAsync(
        OpenVolume own,
        MapVolume source,
        int[] partitions,
        ConcurrentBag<Compared> done,
        CancellationToken cancellationToken
    )
    {
        var ranges = partitions.Select(HashRange.OfPartition).ToList();
        var (here, there) = await DigestsAsync(own, source, ranges, cancellationToken);
        var different = new List<(int Partition, long RecordsThere)>();
        for (var i = 0; i < partitions.Length; i++)
        {
            if (here[i] == there[i])
            {
                done.Add(new Compared(partitions[i], here[i].Records, Lacking: 0, BytesLeft: 0, Fetched: 0));
            }
            else
            {
                different.Add((partitions[i], there[i].Records));
            }
        }

        await SomeAtOnce.ForEachAsync(
            different,
            PartitionsAtOnceMax,
            async one =>
                done.Add(await FetchLackingAsync(own, source, one.Partition, one.RecordsThere, cancellationToken))
        );
    }

    private async Task<Compared> FetchLackingAsync(
        OpenVolume own,
        MapVolume source,
        int partition,
        long recordsThere,
        CancellationToken cancellationToken
    )
    {
        var range = HashRange.OfPartition(partition);
        long fetched = 0;
        var left = new ConcurrentBag<ListedRecord>();
        foreach (var part in await DifferentPartsAsync(own, source, range, recordsThere, cancellationToken))
        {
            ChunkId? after = null;
            while (await ListAsync(own, source, part, after, cancellationToken) is { Count: > 0 } page)
            {
                after = page[^1].Id;
                await SomeAtOnce.ForEachAsync(
                    page.Where(record => !own.Store.Has(record.Id)),
                    FetchesAtOnceMax,
                    async record =>
                    {
                        if (await FetchAsync(own, source, record, cancellationToken))
                        {
                            Interlocked.Increment(ref fetched);
                        }
                        else
                        {
                            left.Add(record);
                        }
                    }
                );
                if (page.Count < RangeListReply.RecordsMax)
                {
                    break;
                }
            }
        }

        return new Compared(
            partition,
            RangeRecords.Of(own.Store, range, range.Before).LongCount(),
            left.Count,
            left.Sum(record => (long)record.Bytes),
            fetched
        );
    }

    /// <summary>Where to look: what one list holds is listed at once, more only in the parts that differ.</summary>
    private async Task<IEnumerable<HashRange>> DifferentPartsAsync(
        OpenVolume own,
        MapVolume source,
        HashRange partition,
        long recordsThere,
        CancellationToken cancellationToken
    )
    {
        if (recordsThere < RangeListReply.RecordsMax)
        {
            return [partition];
        }

        var parts = partition.Split().ToList();
        var (here, there) = await DigestsAsync(own, source, parts, cancellationToken);
        return parts.Where((_, i) => here[i] != there[i]);
    }

    /// <summary>Takes the source's copy, checked on both sides, with its stamp.</summary>
    /// <returns>False when it is not durable here afterwards.</returns>
    private async Task<bool> FetchAsync(
        OpenVolume own,
        MapVolume source,
        ListedRecord record,
        CancellationToken cancellationToken
    )
    {
        using var room = await fetching.ReserveAsync(record.Bytes, Timeout.InfiniteTimeSpan, cancellationToken);
        using var work = await budgets.Of(own).BeginAsync(record.Bytes, cancellationToken);
        var (outcome, lease) = await transport.GetAsync(source, record.Id, () => { }, cancellationToken);
        if (outcome != FetchOutcome.Found)
        {
            return false;
        }

        using (lease)
        {
            var status = await volumes.PutAsync(
                own.VolumeId,
                map.Required.Version,
                lease!.Record,
                record.Epoch,
                owed: false,
                cancellationToken
            );
            if (status == RecordStatus.Stored)
            {
                own.Activity.Fetched(record.Bytes);
            }

            return status.IsDurable();
        }
    }

    private async Task<(IReadOnlyList<RangeDigest> Here, IReadOnlyList<RangeDigest> There)> DigestsAsync(
        OpenVolume own,
        MapVolume source,
        IReadOnlyList<HashRange> ranges,
        CancellationToken cancellationToken
    )
    {
        var bytes = new byte[sizeof(ulong)];
        random.GetBytes(bytes);
        var nonce = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        using var work = await budgets.Of(own).BeginAsync(bytes: 0, cancellationToken);
        var there = await calls.DigestAsync(source, new DigestRequest(nonce, ranges), cancellationToken);
        return ([.. ranges.Select(range => RangeRecords.DigestOf(own.Store, range, nonce))], there);
    }

    private async Task<IReadOnlyList<ListedRecord>> ListAsync(
        OpenVolume own,
        MapVolume source,
        HashRange part,
        ChunkId? after,
        CancellationToken cancellationToken
    )
    {
        using var work = await budgets.Of(own).BeginAsync(bytes: 0, cancellationToken);
        return await calls.ListAsync(source, new RangeListRequest(part, after), cancellationToken);
    }

    /// <summary>The source, the network or the local disk; not this process stopping.</summary>
    private static bool IsFailure(Exception error, CancellationToken cancellationToken) =>
        error is IOException or HttpRequestException
        || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested);
}
