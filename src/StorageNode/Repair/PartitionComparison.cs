using System.Buffers.Binary;
using System.Runtime.CompilerServices;
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
    private readonly RecordFetch fetch = new(map, volumes, transport, budgets, time);

    /// <summary>Compares these partitions, and brings what is lacking.</summary>
    /// <returns>
    /// Some after some, as they become known, so that what is whole need not wait for what is still brought. Of partitions left out nothing is known: the source cannot be
    /// asked (any more).
    /// </returns>
    public async IAsyncEnumerable<IReadOnlyList<Compared>> RunAsync(
        OpenVolume own,
        MapVolume source,
        IEnumerable<int> partitions,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        foreach (var some in partitions.Order().Chunk(DigestRequest.RangesMax))
        {
            var differences = await TryAsync(() => CompareAsync(own, source, some, cancellationToken));
            if (differences is null)
            {
                yield break;
            }

            if (differences.Equal.Count > 0)
            {
                yield return differences.Equal;
            }

            foreach (var group in GroupsOf(differences.Different))
            {
                var brought = await TryAsync(() => BringAsync(own, source, group, cancellationToken));
                if (brought is null)
                {
                    yield break;
                }

                yield return brought;
            }
        }

        async Task<T?> TryAsync<T>(Func<Task<T>> ask)
            where T : class
        {
            try
            {
                return await ask();
            }
            catch (Exception error) when (IsFailure(error, cancellationToken))
            {
                log.ComparisonPaused(own.VolumeId, source.VolumeId, error.Message);
                return null;
            }
        }
    }

    /// <param name="Equal">Of these all is known.</param>
    /// <param name="Different">These, and how many records the source has of each.</param>
    private sealed record Differences(
        IReadOnlyList<Compared> Equal,
        IReadOnlyList<(int Partition, long RecordsThere)> Different
    );

    private async Task<Differences> CompareAsync(
        OpenVolume own,
        MapVolume source,
        int[] partitions,
        CancellationToken cancellationToken
    )
    {
        var ranges = partitions.Select(HashRange.OfPartition).ToList();
        var (here, there) = await DigestsAsync(own, source, ranges, cancellationToken);
        var equal = new List<Compared>();
        var different = new List<(int, long)>();
        for (var i = 0; i < partitions.Length; i++)
        {
            if (here[i] == there[i])
            {
                equal.Add(new Compared(partitions[i], here[i].Records, Lacking: 0, BytesLeft: 0, Fetched: 0));
            }
            else
            {
                different.Add((partitions[i], there[i].Records));
            }
        }

        return new Differences(equal, different);
    }

    /// <summary>Neighbours of which the source has no more than one list holds; a larger one is by itself.</summary>
    private static IEnumerable<IReadOnlyList<(int Partition, long RecordsThere)>> GroupsOf(
        IEnumerable<(int Partition, long RecordsThere)> different
    )
    {
        var group = new List<(int, long)>();
        long records = 0;
        foreach (var one in different)
        {
            if (group.Count > 0 && records + one.RecordsThere >= RangeListReply.RecordsMax)
            {
                yield return group;
                (group, records) = ([], 0);
            }

            group.Add(one);
            records += one.RecordsThere;
        }

        if (group.Count > 0)
        {
            yield return group;
        }
    }

    private async Task<IReadOnlyList<Compared>> BringAsync(
        OpenVolume own,
        MapVolume source,
        IReadOnlyList<(int Partition, long RecordsThere)> group,
        CancellationToken cancellationToken
    )
    {
        var lacking = new List<ListedRecord>();
        var left = new List<ListedRecord>();
        var ranges = await RangesOfAsync(own, source, group, cancellationToken);
        var isMore = ranges.Count > 0;
        for (ChunkId? after = null; isMore; )
        {
            var page = await ListAsync(own, source, ranges, after, cancellationToken);
            var some = page.Where(record => !own.Store.Has(record.Id)).ToList();
            lacking.AddRange(some);
            left.AddRange(await fetch.RunAsync(own, source, some, cancellationToken));
            isMore = page.Count == RangeListReply.RecordsMax;
            after = isMore ? page[^1].Id : null;
        }

        var lackingOf = lacking.CountBy(PartitionOf).ToDictionary();
        var leftOf = left.ToLookup(PartitionOf);
        return [.. group.Select(one => Describe(one.Partition))];

        Compared Describe(int partition)
        {
            var range = HashRange.OfPartition(partition);
            var leftHere = leftOf[partition].Count();
            return new Compared(
                partition,
                RangeRecords.Of(own.Store, range, range.Before).LongCount(),
                leftHere,
                leftOf[partition].Sum(record => (long)record.Bytes),
                lackingOf.GetValueOrDefault(partition) - leftHere
            );
        }
    }

    private static int PartitionOf(ListedRecord record) => PartitionTable.PartitionOf(record.Id);

    /// <summary>Where to look: what one list holds is listed at once, of a larger partition only the parts that differ.</summary>
    private async Task<IReadOnlyList<HashRange>> RangesOfAsync(
        OpenVolume own,
        MapVolume source,
        IReadOnlyList<(int Partition, long RecordsThere)> group,
        CancellationToken cancellationToken
    )
    {
        var ranges = group.Select(one => HashRange.OfPartition(one.Partition)).ToList();
        if (group[0].RecordsThere < RangeListReply.RecordsMax)
        {
            return ranges;
        }

        var parts = ranges[0].Split().ToList();
        var (here, there) = await DigestsAsync(own, source, parts, cancellationToken);
        return [.. parts.Where((_, i) => here[i] != there[i])];
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
        IReadOnlyList<HashRange> ranges,
        ChunkId? after,
        CancellationToken cancellationToken
    )
    {
        using var work = await budgets.Of(own).BeginAsync(bytes: 0, cancellationToken);
        return await calls.ListAsync(source, new RangeListRequest(ranges, after), cancellationToken);
    }

    /// <summary>The source, the network or the local disk; not this process stopping.</summary>
    private static bool IsFailure(Exception error, CancellationToken cancellationToken) =>
        error is IOException or HttpRequestException
        || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested);
}
