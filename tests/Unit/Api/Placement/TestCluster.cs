using FileSharing.Api.Placement;
using FileSharing.Cluster.Map;
using FileSharing.Metadata;

namespace FileSharing.UnitTests.Api.Placement;

/// <summary>Nodes with volumes as the database has them, and a map over them. Ids are by number, so that a failure can be read.</summary>
internal static class TestCluster
{
    public static readonly Guid ClusterId = Id(0xC1, 0);

    /// <param name="nodes">From 1.</param>
    /// <param name="volumesEach">Of each node.</param>
    public static VolumeDirectory Directory(int nodes, int volumesEach = 1, Func<int, string>? zone = null) =>
        new(
            Enumerable
                .Range(1, nodes)
                .Select(n => new NodeRow
                {
                    NodeId = Node(n),
                    Name = $"{n}",
                    Url = $"http://127.0.0.1:{9000 + n}",
                    Zone = zone?.Invoke(n) ?? "default",
                }),
            Enumerable
                .Range(1, nodes)
                .SelectMany(n =>
                    Enumerable
                        .Range(1, volumesEach)
                        .Select(v => new VolumeRow
                        {
                            VolumeId = Volume(n, v),
                            NodeId = Node(n),
                            CapacityBytes = 100,
                            Number = v,
                        })
                )
        );

    public static Guid Node(int number) => Id(0xA0, number);

    public static Guid Volume(int node, int number = 1) => Id(node, number);

    /// <summary>All with weight 1.</summary>
    public static List<LayoutMember> Members(params Guid[] volumes) => [.. volumes.Select(v => new LayoutMember(v, 1))];

    /// <summary>A first map of these volumes.</summary>
    public static ClusterMap Map(VolumeDirectory directory, params Guid[] volumes)
    {
        var nodes = volumes
            .Select(v => directory.MapNodes[directory.NodeOf(v).NodeId])
            .DistinctBy(n => n.NodeId)
            .ToList();
        return ClusterMap
            .Build(1, ClusterId, nodes, [.. volumes.Select(v => new MapVolume(v, directory.NodeOf(v).NodeId, 1))])
            .With(TimeSpan.FromMinutes(15));
    }

    public static LayoutTarget Target(LayoutPlan plan) => new(plan.Members, plan.Table);

    private static Guid Id(int high, int low) => new(high, 0, 0, [0, 0, 0, 0, 0, 0, 0, (byte)low]);
}
