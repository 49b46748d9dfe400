using FileSharing.Api.Placement;
using FileSharing.Cluster.Map;
using FileSharing.Metadata;

namespace FileSharing.UnitTests.Api.Placement;

/// <summary>A driver among nodes that confirm maps, compare, die and come back as the test says. Keeps what a database keeps, and nothing else.</summary>
internal sealed class Simulated(VolumeDirectory directory, ClusterMap first)
{
    private readonly Dictionary<Guid, long> confirmed = directory
        .NodeOfVolume.Values.Distinct()
        .ToDictionary(n => n, _ => 1L);
    private readonly Dictionary<(int, Guid, Guid), (long Floor, long Lacking)> reports = [];

    public ClusterMap Map { get; private set; } = first;

    public LayoutTarget? Target { get; set; }

    public HashSet<Guid> Down { get; } = [];

    public HashSet<Guid> CutOff { get; } = [];

    public int MovesMax { get; init; } = 256;

    /// <summary>The lowest version that a node which is not cut off has confirmed.</summary>
    public long Floor => confirmed.Where(n => !CutOff.Contains(n.Key)).Min(n => n.Value);

    private bool IsCutOff(Guid volume) => CutOff.Contains(directory.NodeOfVolume[volume]);

    public bool IsDown(Guid volume) => Down.Contains(directory.NodeOfVolume[volume]);

    /// <summary>The nodes that are up take the newest map.</summary>
    public void Confirm()
    {
        foreach (var node in confirmed.Keys.Where(n => !Down.Contains(n)).ToList())
        {
            confirmed[node] = Map.Version;
        }
    }

    /// <summary>One volume has compared a partition with another.</summary>
    public void Report(int partition, Guid volume, Guid source, long floor, long lacking = 0) =>
        reports[(partition, volume, source)] = (floor, lacking);

    /// <summary>Every move that can be compared is, at the floor of now.</summary>
    public void CompareAll(Func<ReplicaMove, Guid, bool>? isCompared = null)
    {
        foreach (var move in Map.Moves)
        {
            var to = Map.Volumes[move.To].VolumeId;
            foreach (var source in Map.ReplicasOf(move.Partition).Readers.Where(s => s.VolumeId != to))
            {
                if (!IsDown(to) && !IsDown(source.VolumeId) && isCompared?.Invoke(move, source.VolumeId) != false)
                {
                    Report(move.Partition, to, source.VolumeId, Floor);
                }
            }
        }
    }

    public bool HasReport(int partition, Guid volume, Guid source, long since) =>
        reports.TryGetValue((partition, volume, source), out var report)
        && report.Lacking == 0
        && report.Floor >= since;

    /// <returns>The next map; null when there is none.</returns>
    public ClusterMap? Next() =>
        LayoutStep.Next(
            Map,
            new DriverView
            {
                Target = Target,
                Nodes = directory.MapNodes,
                NodeOfVolume = directory.NodeOfVolume,
                IsDown = v => IsDown(v),
                IsCutOff = IsCutOff,
                HoldsAllOf = HasReport,
                ReplaceAfter = TimeSpan.FromMinutes(15),
                MovesMax = MovesMax,
            }
        );

    /// <summary>Publishes the next map, when there is one.</summary>
    public bool Step()
    {
        if (Next() is not { } next)
        {
            return false;
        }

        Map = next;
        return true;
    }

    public void Plan(params LayoutMember[] members) =>
        Target = TestCluster.Target(LayoutPlan.Make(Map, members, 1, directory));

    /// <summary>Whether the table is what the layout leads to, and nothing is on the move.</summary>
    public bool IsThere =>
        Map.Moves.Count == 0
        && Enumerable
            .Range(0, PartitionTable.Partitions)
            .All(p => Map.Table.OwnersOf(p).SequenceEqual(Target!.Over(Map.Volumes).OwnersOf(p)));
}
