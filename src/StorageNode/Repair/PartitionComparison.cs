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
    ILogger<PartitionComparison> log
)
{
    /// <summary>Records under way at once, for each comparison.</summary>
    private const int FetchesAtOnceMax = 4;

    /// <summary>Partitions whose digests are asked for at once.</summary>
    private const int PartitionsMax = DigestRequest.RangesMax / HashRange.Parts;

    /// <summary>Compares these partitions, and brings what is lacking.</summary>
    /// <returns>Of each partition that could be compared; of those left out nothing is known. Empty when the source cannot be asked.</returns>
    public async Task<IReadOnlyList<Compared>> RunAsync(
        OpenVolume own,
        MapVolume source,
        IReadOnlyList<int> partitions,
        RepairBudget budget,
        CancellationToken cancellationToken
    )
    {
        var done = new List<Compared>(partitions.Count);
        try
        {
            foreach (var some in partitions.Chunk(PartitionsMax))
            {
                await CompareAsync(own, source, some, budget, done, cancellationToken);
            }
        }
        catch (Exception error) when (IsFailure(error, cancellationToken))
        {
            log.ComparisonPaused(own.VolumeId, source.VolumeId, error.Message);
        }

        return done;
    }

    private async Task CompareAsync(
        OpenVolume own,
        MapVolume source,
        int[] partitions,
        RepairBudget budget,
        List<Compared> done,
        CancellationToken cancellationToken
    )
    {
        var ranges = partitions.Select(HashRange.OfPartition).ToList();
        var (here, there) = await DigestsAsync(own, source, ranges, cancellationToken);
        for (var i = 0; i < partitions.Length; i++)
        {
            done.Add(
                here[i] == there[i]
                    ? new Compared(partitions[i], here[i].Records, Lacking: 0, BytesLeft: 0, Fetched: 0)
                    : await FetchLackingAsync(own, source, partitions[i], budget, cancellationToken)
            );
        }
    }

    private async Task<Compared> FetchLackingAsync(
        OpenVolume own,
        MapVolume source,
        int partition,
        RepairBudget budget,
        CancellationToken cancellationToken
    )
    {
        var parts = HashRange.OfPartition(partition).Split().ToList();
        var (here, there) = await DigestsAsync(own, source, parts, cancellationToken);
        long fetched = 0;
        var left = new ConcurrentBag<ListedRecord>();
        foreach (var part in parts.Where((_, i) => here[i] != there[i]))
        {
            ChunkId? after = null;
            while (await ListAsync(source, part, after, cancellationToken) is { Count: > 0 } page)
            {
                after = page[^1].Id;
                await Parallel.ForEachAsync(
                    page.Where(record => !own.Store.Has(record.Id)),
                    new ParallelOptions
                    {
                        MaxDegreeOfParallelism = FetchesAtOnceMax,
                        CancellationToken = cancellationToken,
                    },
                    async (record, stop) =>
                    {
                        if (await FetchAsync(own, source, record, budget, stop))
                        {
                            Interlocked.Increment(ref fetched);
                        }
                        else
                        {
                            left.Add(record);
                        }
                    }
                );
            }
        }

        var records = RangeRecords.Of(
            own.Store,
            HashRange.OfPartition(partition),
            HashRange.OfPartition(partition).Before
        );
        return new Compared(
            partition,
            records.LongCount(),
            left.Count,
            left.Sum(record => (long)record.Bytes),
            fetched
        );
    }

    /// <summary>Takes the source's copy, checked on both sides, with its stamp.</summary>
    /// <returns>False when it is not durable here afterwards.</returns>
    private async Task<bool> FetchAsync(
        OpenVolume own,
        MapVolume source,
        ListedRecord record,
        RepairBudget budget,
        CancellationToken cancellationToken
    )
    {
        await budget.SpendAsync(record.Bytes, cancellationToken);
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
        var nonce = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        var there = await calls.DigestAsync(source, new DigestRequest(nonce, ranges), cancellationToken);
        return ([.. ranges.Select(range => RangeRecords.DigestOf(own.Store, range, nonce))], there);
    }

    private Task<IReadOnlyList<ListedRecord>> ListAsync(
        MapVolume source,
        HashRange part,
        ChunkId? after,
        CancellationToken cancellationToken
    ) => calls.ListAsync(source, new RangeListRequest(part, after), cancellationToken);

    /// <summary>The source, the network or the local disk; not this process stopping.</summary>
    private static bool IsFailure(Exception error, CancellationToken cancellationToken) =>
        error is IOException or HttpRequestException
        || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested);
}
