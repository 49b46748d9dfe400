using FileSharing.Api.Placement;
using FileSharing.Cluster.Map;
using FileSharing.Metadata;
using Microsoft.Extensions.Logging;

namespace FileSharing.Api.Background;

/// <summary>
/// Carries out the applied layout, marks what is down, and has replaced what stays away: docs/cluster.md, sections 2 and 3. Any number of API processes may
/// run it: a map is published only if no other was meanwhile.
/// </summary>
internal sealed class LayoutDriver(
    ClusterState cluster,
    MapMaker maps,
    ClusterStore store,
    Heartbeats heartbeats,
    ComparisonStore comparisons,
    LayoutChanges layouts,
    NodeRegistry registry,
    ApiSettings settings,
    TimeProvider time,
    ILogger<LayoutDriver> log
) : Periodic("layout-driver", TimeSpan.FromSeconds(1), time, log)
{
    /// <summary>Maps that stay in the database.</summary>
    private const int MapsKept = 100;

    /// <summary>After a replacement was refused, the next attempt.</summary>
    private static readonly TimeSpan RefusedPause = TimeSpan.FromMinutes(1);

    /// <summary>
    /// A node counts from the moment at which it asked, this process from the moment at which it saw the answered question in the database, which may not
    /// have been written for <see cref="HeartbeatRecorder.FreshFor"/>; as much again is for clocks that run unequally.
    /// </summary>
    private static readonly TimeSpan CutOffMargin = 2 * HeartbeatRecorder.FreshFor;

    private readonly TimeProvider clock = time;
    private readonly Presence presence = new(settings.DownAfter, time);
    private long? refusedAt;

    protected override Task RunOnceAsync(CancellationToken ct) => StepAsync(ct);

    /// <summary>Looks once, and publishes at most one map.</summary>
    internal async Task StepAsync(CancellationToken ct)
    {
        var beats = await heartbeats.ReadAsync(ct);
        presence.Look(beats);
        await maps.RefreshAsync(ct);
        if (cluster.Map.Current is not { } map)
        {
            return;
        }

        await CutOffAsync(beats, map, ct);
        await heartbeats.RaiseFloorAsync(ct);
        var present = await layouts.ReadAsync(ct);
        var directory = await VolumeDirectory.ReadAsync(registry, ct);
        if (await ReplaceAsync(present, directory, ct))
        {
            present = await layouts.ReadAsync(ct);
        }

        var reports = await comparisons.OfAsync([.. map.Moves.Select(m => m.Partition)], ct);
        if (LayoutStep.Next(map, View(present, directory, beats, reports)) is not { } next)
        {
            return;
        }

        if (await maps.PublishAsync(next, ct))
        {
            await TidyUpAsync(map, next, ct);
        }
    }

    /// <summary>From here on the floor does not wait for them: they have stopped taking records by themselves.</summary>
    private async Task CutOffAsync(Beats beats, ClusterMap map, CancellationToken ct)
    {
        // Nodes go by what their map says: the longer of what was and what is set holds while they do not have the newest.
        var replaceAfter = TimeSpan.FromTicks(Math.Max(settings.ReplaceAfter.Ticks, map.ReplaceAfter.Ticks));
        var patience = (replaceAfter / 2) + CutOffMargin;
        var nodes = beats.Nodes.Where(n => !n.CutOff && presence.OfNode(n.NodeId).For >= patience).ToList();
        var volumes = beats.Volumes.Where(v => !v.CutOff && presence.IsGone(v.VolumeId, v.NodeId, patience)).ToList();
        if (nodes.Count + volumes.Count > 0)
        {
            await heartbeats.CutOffAsync(nodes, volumes, ct);
            log.CutOff(nodes.Count, volumes.Count);
        }
    }

    /// <returns>True when a layout was applied.</returns>
    private async Task<bool> ReplaceAsync(Layouts present, VolumeDirectory directory, CancellationToken ct)
    {
        if (refusedAt is { } at && clock.GetElapsedTime(at) < RefusedPause)
        {
            return false;
        }

        refusedAt = null;
        var due = Replacement.Due(
            present.Applied!.Members,
            id => directory.NodeOf(id).NodeId,
            presence,
            settings.DownAfter,
            settings.ReplaceAfter
        );
        if (due.Count == 0)
        {
            return false;
        }

        try
        {
            var isApplied = await layouts.ApplyAutomaticAsync(present, due, directory, ct);
            if (isApplied)
            {
                log.LayoutAutomatic(due.Count(v => v.Value), due.Count(v => !v.Value));
            }

            return isApplied;
        }
        catch (ApiException refusal) when (refusal.Error == ApiError.LayoutRefused)
        {
            refusedAt = clock.GetTimestamp();
            log.ReplacementRefused(refusal.Message);
            return false;
        }
    }

    private DriverView View(
        Layouts present,
        VolumeDirectory directory,
        Beats beats,
        IReadOnlyList<ComparisonRow> reports
    )
    {
        var cutOff = beats.VolumesCutOff;
        var known = reports.ToDictionary(r => (r.Partition, r.VolumeId, r.SourceId));
        return new DriverView
        {
            Target = LayoutTarget.Of(present.Applied!),
            Nodes = directory.MapNodes,
            NodeOfVolume = directory.NodeOfVolume,
            IsDown = IsDown,
            IsCutOff = cutOff.Contains,
            HoldsAllOf = (partition, volume, source, since) =>
                known.TryGetValue((partition, volume, source), out var report)
                && report is { Lacking: 0 }
                && report.Floor >= since,
            ReplaceAfter = settings.ReplaceAfter,
            MovesMax = settings.MovesMax,
        };
    }

    /// <summary>Up with the first heartbeat that was seen to come; down after a silence, unless everybody is silent.</summary>
    private bool? IsDown(Guid volumeId)
    {
        var silence = presence.OfVolume(volumeId);
        if (silence.For >= settings.DownAfter)
        {
            return presence.IsDeaf ? null : true;
        }

        return silence.IsHeard ? false : null;
    }

    private async Task TidyUpAsync(ClusterMap before, ClusterMap now, CancellationToken ct)
    {
        var moving = now.Moves.Select(m => m.Partition).ToHashSet();
        List<(int, Guid)> gone =
        [
            .. before
                .Moves.Where(m => !moving.Contains(m.Partition))
                .Select(m => (m.Partition, before.Volumes[m.State == MoveState.Leaving ? m.From : m.To].VolumeId)),
        ];
        if (gone.Count > 0)
        {
            await comparisons.ForgetAsync(gone, ct);
            log.MovesEnded(gone.Count, now.Moves.Count);
        }

        await store.PruneMapsAsync(MapsKept, ct);
    }
}
