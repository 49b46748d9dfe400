using FileSharing.Api;
using FileSharing.Api.Placement;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Wire;
using FileSharing.Metadata;

namespace FileSharing.UnitTests.ClusterSimulation;

/// <summary>One life of an API process: it hears the nodes, and drives the layout as the product's driver does, with the product's decisions.</summary>
internal sealed class SimApi : ISimServer
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly SimWorld world;
    private readonly SimDatabase database;
    private readonly Presence presence;
    private readonly Random random;
    private (long Version, long Changes, int Down) settled;

    public SimApi(SimWorld world, SimDatabase database)
    {
        this.world = world;
        this.database = database;
        random = world.NewRandom();
        Process = new SimProcess(world.Loop, 1 + ((random.NextDouble() - 0.5) / 500), TimeSpan.Zero);
        presence = new Presence(SimWorld.DownAfter, Process.Time);
        world.Loop.Begin(DriveAsync);
    }

    public SimProcess Process { get; }

    public long MapVersion => 0;

    public void Saw(long mapVersion)
    {
        // It reads the database before it decides anything.
    }

    /// <summary>Takes a heartbeat down, and only then answers.</summary>
    public async Task<(ClusterMap Map, long Floor)> HearAsync(Guid nodeId, long mapVersion, IReadOnlyList<Guid> open)
    {
        await DatabaseAsync();
        world.RegisterOpen(nodeId);
        database.Record(new Heartbeat(nodeId, mapVersion, open), Process.Time.GetUtcNow().UtcDateTime);
        await DatabaseAsync();
        return (database.Map, database.Floor);
    }

    public async Task<bool> TakeAsync(PartitionReports reports)
    {
        await DatabaseAsync();
        database.Take(reports);
        return true;
    }

    private async Task DriveAsync()
    {
        while (true)
        {
            await Task.Delay(Look, Process.Time);
            try
            {
                await StepAsync();
            }
            catch (IOException)
            {
                // The database is away.
            }
        }
    }

    /// <summary>As the layout driver of the API.</summary>
    private async Task StepAsync()
    {
        await DatabaseAsync();
        var beats = database.Beats();
        presence.Look(beats);
        await DatabaseAsync();
        var map = database.Map;
        CutOff(beats, map);
        database.RaiseFloor();
        await ReplaceAsync();

        await DatabaseAsync();
        var seen = (map.Version, database.Changes, DownNow(map));
        if (seen == settled)
        {
            return;
        }

        var next = LayoutStep.Next(map, View(beats));
        if (next is null)
        {
            settled = seen;
            return;
        }

        await DatabaseAsync();
        database.Publish(next);
    }

    private void CutOff(Beats beats, ClusterMap map)
    {
        var replaceAfter = TimeSpan.FromTicks(Math.Max(world.ReplaceAfter.Ticks, map.ReplaceAfter.Ticks));
        var patience = (replaceAfter / 2) + (2 * HeartbeatRecorder.FreshFor);
        var nodes = beats.Nodes.Where(n => !n.CutOff && presence.OfNode(n.NodeId).For >= patience).ToList();
        var volumes = beats.Volumes.Where(v => !v.CutOff && presence.IsGone(v.VolumeId, v.NodeId, patience)).ToList();
        if (nodes.Count + volumes.Count > 0)
        {
            database.CutOff(nodes, volumes);
        }
    }

    private async Task ReplaceAsync()
    {
        var (members, id) = (database.Target.Members, database.LayoutId);
        var due = Replacement.Due(
            members,
            volume => database.Directory.NodeOf(volume).NodeId,
            presence,
            SimWorld.DownAfter,
            world.ReplaceAfter
        );
        if (due.Count == 0)
        {
            return;
        }

        try
        {
            var plan = LayoutPlan.Make(
                database.Map,
                [.. members.Select(m => due.TryGetValue(m.VolumeId, out var away) ? m with { IsReplaced = away } : m)],
                id,
                database.Directory
            );
            await DatabaseAsync();
            if (database.Apply(plan, id))
            {
                world.Counts.Replacements++;
            }
        }
        catch (ApiException refusal) when (refusal.Error == ApiError.LayoutRefused)
        {
            // Three copies could not be kept.
        }
    }

    private DriverView View(Beats beats)
    {
        var cutOff = beats.Volumes.Where(v => v.CutOff).Select(v => v.VolumeId).ToHashSet();
        return new DriverView
        {
            Target = database.Target,
            Nodes = database.Directory.MapNodes,
            NodeOfVolume = database.Directory.NodeOfVolume,
            IsDown = IsDown,
            IsCutOff = cutOff.Contains,
            HoldsAllOf = database.HoldsAllOf,
            ReplaceAfter = world.ReplaceAfter,
        };
    }

    private bool? IsDown(Guid volumeId)
    {
        var silence = presence.OfVolume(volumeId);
        if (silence.For >= SimWorld.DownAfter)
        {
            return presence.IsDeaf ? null : true;
        }

        return silence.IsHeard ? false : null;
    }

    private int DownNow(ClusterMap map) =>
        map.Volumes.Aggregate(
            0,
            (sum, volume) =>
                (sum * 3)
                + (
                    IsDown(volume.VolumeId) switch
                    {
                        null => 0,
                        true => 1,
                        false => 2,
                    }
                )
        );

    /// <summary>A round trip to the database.</summary>
    /// <exception cref="IOException">It is away.</exception>
    private async Task DatabaseAsync()
    {
        await Task.Delay(TimeSpan.FromMilliseconds(0.5 + random.NextDouble()), Process.Time);
        if (database.IsAway)
        {
            throw new IOException("The database is away.");
        }
    }
}
