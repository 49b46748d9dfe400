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

    public async Task RunAsync(OpenVolume volume, CancellationToken cancellationToken)
    {
        var state = new PartitionSyncState(settings, time);
        try
        {
            await Rounds.RunAsync(
                settings.Look,
                stop => StepAsync(volume, state, stop),
                reason => log.PartitionsNotReported(volume.VolumeId, reason),
                time,
                cancellationToken
            );
        }
        finally
        {
            // None may touch the volume after this.
            await Task.WhenAll(state.Lanes);
        }
    }

    /// <summary>Moves to this volume as long as there is something new to bring, and a slice of what it owns.</summary>
    public async Task StepAsync(OpenVolume volume, PartitionSyncState state, CancellationToken cancellationToken)
    {
        if (volume.Store.Condition == VolumeCondition.Poisoned)
        {
            return;
        }

        Begin(volume, state, cancellationToken);
        if (map.Current is { } current)
        {
            await CompareOwnedAsync(volume, current, state.Owned, cancellationToken);
        }

        while (await HasEndedAsync(state, cancellationToken))
        {
            Begin(volume, state, cancellationToken);
        }
    }

    /// <summary>Each source is compared with by itself: one that does not answer holds up no other.</summary>
    private void Begin(OpenVolume volume, PartitionSyncState state, CancellationToken cancellationToken)
    {
        if (map.Current is { } current && volume.Store.Condition != VolumeCondition.Poisoned)
        {
            foreach (var batch in state.Moves.Take(current, volume.VolumeId, news.Floor))
            {
                state.Lanes.Add(BringAsync(volume, batch, cancellationToken));
            }
        }
    }

    /// <summary>Waits a look's time for batches under way.</summary>
    /// <returns>False when none has ended.</returns>
    private async Task<bool> HasEndedAsync(PartitionSyncState state, CancellationToken cancellationToken)
    {
        if (state.Lanes.Count == 0)
        {
            return false;
        }

        await ((Task)Task.WhenAny(state.Lanes))
            .WaitAsync(settings.Look, time, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        var ended = state.Lanes.Where(lane => lane.IsCompleted).ToList();
        foreach (var lane in ended)
        {
            state.Lanes.Remove(lane);
            var (batch, compared) = await lane;
            state.Moves.Reported(batch, compared);
        }

        return ended.Count > 0;
    }

    /// <summary>Never fails: what is not reported is not known, and is compared again.</summary>
    private async Task<(MoveBatch Batch, IReadOnlyList<Compared> Compared)> BringAsync(
        OpenVolume volume,
        MoveBatch batch,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var compared = await comparison.RunAsync(
                volume,
                batch.Source,
                [.. batch.Moves.Select(move => move.Partition)],
                cancellationToken
            );
            await ReportAsync(volume, batch.Source, batch.Floor, compared, cancellationToken);
            return (batch, compared);
        }
        catch (Exception error) when (error is IOException or HttpRequestException or OperationCanceledException)
        {
            if (!cancellationToken.IsCancellationRequested)
            {
                log.PartitionsNotReported(volume.VolumeId, error.Message);
            }

            return (batch, []);
        }
    }

    private async Task CompareOwnedAsync(
        OpenVolume volume,
        ClusterMap current,
        OwnedInTurn owned,
        CancellationToken cancellationToken
    )
    {
        if (owned.Next(current, volume.VolumeId, SliceMax) is not var (source, partitions))
        {
            return;
        }

        var floor = news.Floor;
        var compared = await comparison.RunAsync(volume, source, partitions, cancellationToken);
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
internal sealed class PartitionSyncState(PartitionSyncSettings settings, TimeProvider time)
{
    /// <summary>Comparisons for moves that are under way, one a source.</summary>
    public List<Task<(MoveBatch Batch, IReadOnlyList<Compared> Compared)>> Lanes { get; } = [];

    public MovesToHere Moves { get; } = new(time, settings.Look);

    public OwnedInTurn Owned { get; } = new(settings.Interval, time);
}
