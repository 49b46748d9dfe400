using FileSharing.Api.Placement;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Wire;
using FileSharing.Metadata;

namespace FileSharing.UnitTests.ClusterSimulation;

/// <summary>
/// What the API keeps in Postgres, with the rules of its statements: each method is one transaction. The statements themselves are tested against a real Postgres.
/// </summary>
internal sealed class SimDatabase(ClusterMap first)
{
    private readonly Dictionary<Guid, NodeRow> nodes = [];
    private readonly Dictionary<Guid, VolumeRow> volumes = [];
    private readonly Dictionary<Guid, NodeBeat> nodeBeats = [];
    private readonly Dictionary<Guid, VolumeBeat> volumeBeats = [];
    private readonly Dictionary<(int, Guid, Guid), PartitionReport> reports = [];
    private HashSet<int> moving = [];
    private VolumeDirectory? directory;

    public ClusterMap Map { get; private set; } = first;

    public long Floor { get; private set; }

    public long LayoutId { get; private set; } = 1;

    public LayoutTarget Target { get; private set; } =
        new([.. first.Volumes.Select(volume => new LayoutMember(volume.VolumeId, volume.Weight))], first.Table);

    /// <summary>Nobody reaches it.</summary>
    public bool IsAway { get; set; }

    /// <summary>Changes with everything that the next map depends on.</summary>
    public long Changes { get; private set; }

    public VolumeDirectory Directory => directory ??= new VolumeDirectory(nodes.Values, volumes.Values);

    /// <summary>Reports of partitions that move.</summary>
    public bool HoldsAllOf(int partition, Guid volume, Guid source, long since) =>
        reports.TryGetValue((partition, volume, source), out var report)
        && report.Lacking == 0
        && report.Floor >= since;

    /// <summary>What is known of a move, for people.</summary>
    public string Describe(ReplicaMove move)
    {
        var known = reports
            .Where(report => report.Key.Item1 == move.Partition)
            .Select(report =>
                $"{Name(report.Key.Item2)} lacks {report.Value.Lacking} of {Name(report.Key.Item3)} at floor {report.Value.Floor}"
            );
        var owners = Map.ReplicasOf(move.Partition).Owners.Select(owner => Name(owner.VolumeId));
        return $"{move.State} since {move.Since} from {Name(Map.Volumes[move.From].VolumeId)} to {Name(Map.Volumes[move.To].VolumeId)}, "
            + $"owners {string.Join(", ", owners)}; {string.Join("; ", known)}; map {Map.Version}, floor {Floor}";
    }

    private string Name(Guid volumeId) =>
        $"{volumeId.ToString()[..13]}{(volumeBeats[volumeId].CutOff ? " (cut off)" : "")}{(Map.Volumes.FirstOrDefault(v => v.VolumeId == volumeId)?.IsDown == true ? " (down)" : "")}";

    /// <summary>As the registration of a node and of what it has opened.</summary>
    public void Register(SimHost host)
    {
        if (
            nodes.TryAdd(
                host.NodeId,
                new NodeRow
                {
                    NodeId = host.NodeId,
                    Name = $"{host.Number}",
                    Url = $"http://10.0.0.{host.Number}",
                    Zone = host.Zone,
                }
            )
        )
        {
            nodeBeats.Add(host.NodeId, new NodeBeat { NodeId = host.NodeId });
        }

        if (
            volumes.TryAdd(
                host.VolumeId,
                new VolumeRow
                {
                    VolumeId = host.VolumeId,
                    NodeId = host.NodeId,
                    CapacityBytes = 1L << 40,
                    Number = 1,
                }
            )
        )
        {
            volumeBeats.Add(host.VolumeId, new VolumeBeat { VolumeId = host.VolumeId, NodeId = host.NodeId });
            directory = null;
            Changes++;
        }
    }

    public void Record(Heartbeat beat, DateTime now)
    {
        if (nodeBeats[beat.NodeId].CutOff || beat.OpenVolumes!.Any(volume => volumeBeats[volume].CutOff))
        {
            Changes++;
        }

        nodeBeats[beat.NodeId] = new NodeBeat
        {
            NodeId = beat.NodeId,
            SeenAt = now,
            MapVersion = beat.MapVersion,
        };
        foreach (var volume in beat.OpenVolumes!)
        {
            volumeBeats[volume] = new VolumeBeat
            {
                VolumeId = volume,
                NodeId = beat.NodeId,
                SeenAt = now,
            };
        }
    }

    public Beats Beats() => new([.. nodeBeats.Values], [.. volumeBeats.Values]);

    public void CutOff(IReadOnlyList<NodeBeat> silent, IReadOnlyList<VolumeBeat> gone)
    {
        foreach (var node in silent.Where(node => nodeBeats[node.NodeId].SeenAt == node.SeenAt))
        {
            nodeBeats[node.NodeId] = nodeBeats[node.NodeId] with { CutOff = true };
        }

        foreach (var volume in gone.Where(volume => volumeBeats[volume.VolumeId].SeenAt == volume.SeenAt))
        {
            volumeBeats[volume.VolumeId] = volumeBeats[volume.VolumeId] with { CutOff = true };
        }

        Changes++;
    }

    public void RaiseFloor()
    {
        var waitedFor = nodeBeats.Values.Where(node => !node.CutOff).ToList();
        Floor = waitedFor.Count == 0 ? Floor : Math.Max(Floor, waitedFor.Min(node => node.MapVersion));
    }

    public void Take(PartitionReports taken)
    {
        foreach (var report in taken.Items.Where(report => moving.Contains(report.Partition)))
        {
            var key = (report.Partition, report.Volume, report.Source);
            if (!reports.TryGetValue(key, out var known) || report.Floor >= known.Floor)
            {
                reports[key] = report;
                Changes++;
            }
        }
    }

    /// <returns>False when another map was published meanwhile.</returns>
    public bool Publish(ClusterMap next)
    {
        if (next.Version != Map.Version + 1)
        {
            return false;
        }

        moving = [.. next.Moves.Select(move => move.Partition)];
        foreach (var over in reports.Keys.Where(key => !moving.Contains(key.Item1)).ToList())
        {
            reports.Remove(over);
        }

        Map = next;
        Changes++;
        return true;
    }

    /// <returns>False when another layout was applied meanwhile.</returns>
    public bool Apply(LayoutPlan plan, long seen)
    {
        if (seen != LayoutId)
        {
            return false;
        }

        Target = new LayoutTarget(plan.Members, plan.Table);
        LayoutId++;
        Changes++;
        return true;
    }
}
