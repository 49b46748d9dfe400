using BenchmarkDotNet.Attributes;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;

namespace FileSharing.Micro;

/// <summary>Tables of 1,000 volumes in five zones, built, changed by one more node, put in read order, and asked.</summary>
public class PlacementBenchmarks
{
    private const int Volumes = 1_000;
    private const int Zones = 5;
    private const int Ids = 1_024;

    private static readonly ChunkId[] Several =
    [
        .. Enumerable.Range(0, Ids).Select(i => ChunkId.OfChunk(BitConverter.GetBytes(i))),
    ];

    private readonly List<PlacementVolume> volumes;
    private readonly List<PlacementVolume> unevenVolumes;
    private readonly List<PlacementVolume> oneMore;
    private readonly PartitionTable before;
    private readonly ClusterMap map;

    public PlacementBenchmarks()
    {
        var random = new Random(1);
        var members = PlacementScenarios.Even(random, Volumes, Zones);
        var next = PlacementScenarios.Kinds[0].Apply(members, random);
        volumes = PlacementScenarios.Placement(members);
        unevenVolumes = PlacementScenarios.Placement(PlacementScenarios.Uneven(random, Volumes, zones: 2));
        oneMore = PlacementScenarios.Placement(next);
        before = PlacementScenarios.Remap(PartitionTableBuilder.Build(volumes), members, next);
        map = ClusterMap.Build(
            1,
            Guid.NewGuid(),
            [.. members.Select(m => new MapNode(m.Node, "", new Uri("http://127.0.0.1"), m.Zone))],
            [.. members.Select(m => new MapVolume(m.Id, m.Node, m.Weight))]
        );
    }

    [Benchmark]
    public PartitionTable Build() => PartitionTableBuilder.Build(volumes);

    /// <summary>Two zones of different size: many replicas find their place only by paths.</summary>
    [Benchmark]
    public PartitionTable BuildUneven() => PartitionTableBuilder.Build(unevenVolumes);

    [Benchmark]
    public PartitionTable Change() => PartitionTableBuilder.Change(oneMore, before);

    /// <summary>What loading a map costs more than reading it.</summary>
    [Benchmark]
    public PartitionTable OrderForReading() => ReadOrder.Of(before);

    [Benchmark(OperationsPerInvoke = Ids)]
    public int Lookup()
    {
        var found = 0;
        foreach (var id in Several)
        {
            found += map.OwnersOf(id).Count;
        }

        return found;
    }
}
