using FileSharing.BlobEngine;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Membership;
using FileSharing.StorageNode.Volumes;
using Microsoft.Extensions.Logging;

namespace FileSharing.StorageNode.Repair;

/// <summary>
/// Brings to a volume what the map gives it and what it should have had: partitions that move to it first, and in turn all that it owns. What it finds goes to the
/// API as evidence; it must never report what it has not compared.
/// </summary>
/// <param name="report">Hands the reports to the API; one that fails is made again from the next comparison.</param>
internal sealed class PartitionSync(
    MapHolder map,
    ClusterNews news,
    PartitionComparison comparison,
    Challenger challenger,
    Func<PartitionReports, CancellationToken, Task> report,
    PartitionSyncSettings settings,
    TimeProvider time,
    ILogger<PartitionSync> log
) : IVolumeDaemon
{
    /// <summary>Owned partitions that are compared with one other volume at a time, between two looks at the moves.</summary>
    private const int SliceMax = 256;

    public Task RunAsync(OpenVolume volume, CancellationToken cancellationToken)
    {
        var state = new PartitionSyncState(
            settings.Interval,
            new RepairBudget(() => news.RepairBytesPerSecond, time),
            time
        );
        return Rounds.RunAsync(
            settings.Look,
            stop => StepAsync(volume, state, stop),
            reason => log.PartitionsNotReported(volume.VolumeId, reason),
            time,
            cancellationToken
        );
    }

    /// <summary>All moves to this volume, then a slice of what it owns.</summary>
    public async Task StepAsync(OpenVolume volume, PartitionSyncState state, CancellationToken cancellationToken)
    {
        if (map.Current is { } current && volume.Store.Condition != VolumeCondition.Poisoned)
        {
            await BringMovesAsync(volume, current, state.Moves, state.Budget, cancellationToken);
            await CompareOwnedAsync(volume, current, state.Owned, state.Budget, cancellationToken);
        }
    }

    private async Task BringMovesAsync(
        OpenVolume volume,
        ClusterMap current,
        MovesToHere moves,
        RepairBudget budget,
        CancellationToken cancellationToken
    )
    {
        foreach (var (source, due) in moves.Due(current, volume.VolumeId))
        {
            var floor = news.Floor;
            var compared = await comparison.RunAsync(
                volume,
                source,
                [.. due.Select(move => move.Partition)],
                budget,
                cancellationToken
            );
            await ReportAsync(volume, source, floor, compared, cancellationToken);
            moves.Reported(source, floor, due, compared);
        }
    }

    private async Task CompareOwnedAsync(
        OpenVolume volume,
        ClusterMap current,
        OwnedInTurn owned,
        RepairBudget budget,
        CancellationToken cancellationToken
    )
    {
        if (owned.Next(current, volume.VolumeId, SliceMax) is not var (source, partitions))
        {
            return;
        }

        var floor = news.Floor;
        var compared = await comparison.RunAsync(volume, source, partitions, budget, cancellationToken);
        if (compared.Sum(partition => partition.Fetched) is var fetched and > 0)
        {
            log.PartitionsMadeGood(volume.VolumeId, source.VolumeId, fetched);
        }

        await ReportAsync(volume, source, floor, compared, cancellationToken);
        var stored = compared
            .Where(partition => partition.Records > 0)
            .Select(partition => partition.Partition)
            .ToList();
        if (stored.Count > 0)
        {
            await challenger.RunAsync(volume, source, stored, cancellationToken);
        }
    }

    private async Task ReportAsync(
        OpenVolume volume,
        MapVolume source,
        long floor,
        IReadOnlyList<Compared> compared,
        CancellationToken cancellationToken
    )
    {
        var reports = compared.Select(partition => new PartitionReport(
            partition.Partition,
            volume.VolumeId,
            source.VolumeId,
            floor,
            partition.Records,
            partition.Lacking,
            partition.BytesLeft
        ));
        foreach (var some in reports.Chunk(PartitionReports.ItemsMax))
        {
            await report(new PartitionReports(some), cancellationToken);
        }
    }
}

/// <summary>How far the comparisons of one volume are, while it is open.</summary>
internal sealed class PartitionSyncState(TimeSpan interval, RepairBudget budget, TimeProvider time)
{
    public RepairBudget Budget { get; } = budget;

    public MovesToHere Moves { get; } = new();

    public OwnedInTurn Owned { get; } = new(interval, time);
}
