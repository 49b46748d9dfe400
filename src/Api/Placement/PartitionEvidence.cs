using FileSharing.Cluster.Map;
using FileSharing.Metadata;

namespace FileSharing.Api.Placement;

/// <summary>What the owners of the partitions have found by comparing them: docs/cluster.md, section 5. Never what was scheduled.</summary>
/// <param name="Lacking">Records that an owner of a partition lacked, at its last comparison with the other owners.</param>
/// <param name="BytesLeft">Of these.</param>
/// <param name="NotCompared">Comparisons that are due (each owner with each other one) and of which nothing is known.</param>
/// <param name="PartitionsDegraded">Partitions with an owner that is down now.</param>
/// <param name="PartitionsUnavailable">Of these, those with no owner that is up.</param>
/// <param name="OldestAt">Time of the oldest comparison that is counted; null when there is none.</param>
internal sealed record ComparisonEvidence(
    long Lacking,
    long BytesLeft,
    int NotCompared,
    int PartitionsDegraded,
    int PartitionsUnavailable,
    DateTime? OldestAt
);

/// <summary>Sums up the comparisons for health and status, at most once in <see cref="AgeMax"/>. Thread-safe.</summary>
internal sealed class PartitionEvidence(ClusterState cluster, ComparisonStore store, TimeProvider time)
{
    private static readonly TimeSpan AgeMax = TimeSpan.FromSeconds(10);

    private volatile Sum? last;

    /// <returns>Null before there is a map.</returns>
    public async Task<ComparisonEvidence?> GetAsync(CancellationToken ct)
    {
        if (cluster.Map.Current is not { } map)
        {
            return null;
        }

        if (last is { } known && known.Version == map.Version && time.GetElapsedTime(known.At) < AgeMax)
        {
            return known.Evidence;
        }

        var at = time.GetTimestamp();
        var evidence = Of(map, await store.AllAsync(ct));
        last = new Sum(map.Version, at, evidence);
        return evidence;
    }

    /// <summary>Pure.</summary>
    public static ComparisonEvidence Of(ClusterMap map, IReadOnlyList<ComparisonRow> rows)
    {
        var known = rows.ToDictionary(r => (r.Partition, r.VolumeId, r.SourceId));
        long lacking = 0;
        long bytesLeft = 0;
        var notCompared = 0;
        var degraded = 0;
        var unavailable = 0;
        DateTime? oldest = null;
        for (var partition = 0; partition < PartitionTable.Partitions; partition++)
        {
            var owners = map.ReplicasOf(partition).Owners;
            degraded += owners.Any(o => o.IsDown) ? 1 : 0;
            unavailable += owners.All(o => o.IsDown) ? 1 : 0;
            foreach (var owner in owners)
            {
                long most = 0;
                long mostBytes = 0;
                foreach (var source in owners.Where(s => s != owner))
                {
                    if (!known.TryGetValue((partition, owner.VolumeId, source.VolumeId), out var row))
                    {
                        notCompared++;
                        continue;
                    }

                    most = Math.Max(most, row.Lacking);
                    mostBytes = Math.Max(mostBytes, row.BytesLeft);
                    oldest = oldest < row.ReportedAt ? oldest : row.ReportedAt;
                }

                lacking += most;
                bytesLeft += mostBytes;
            }
        }

        return new ComparisonEvidence(lacking, bytesLeft, notCompared, degraded, unavailable, oldest);
    }

    private sealed record Sum(long Version, long At, ComparisonEvidence Evidence);
}
