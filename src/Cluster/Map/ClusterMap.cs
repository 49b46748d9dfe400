using FileSharing.Chunks;

namespace FileSharing.Cluster.Map;

/// <summary>A storage process.</summary>
/// <param name="Url">Where clients and the other processes reach it.</param>
/// <param name="Zone">Rack or room; replicas go to distinct zones where there are three.</param>
public sealed record MapNode(Guid NodeId, string Name, Uri Url, string Zone);

/// <summary>One data directory of a node: the unit of failure and of placement.</summary>
/// <param name="Weight">Share of the data relative to the other volumes; 0 for one that is to hold nothing.</param>
public sealed record MapVolume(Guid VolumeId, Guid NodeId, double Weight)
{
    /// <summary>It has not been heard of for a while: puts go to a hint volume in its place. It keeps its partitions.</summary>
    public bool IsDown { get; init; }
}

/// <summary>
/// Which volumes own which partition, and which replicas are on the move, as of one version. Immutable. The API makes it, Postgres keeps it, every node caches it
/// signed: <see cref="MapFormat"/>.
/// </summary>
public sealed class ClusterMap
{
    private readonly Dictionary<Guid, MapNode> nodesById;
    private readonly ReplicaSet[] setsByPartition;

    /// <param name="version">1 and up.</param>
    /// <param name="clusterId">Whose map it is.</param>
    /// <param name="nodes">Every node of <paramref name="volumes"/>.</param>
    /// <param name="volumes">Those that the table and the moves speak of by index, and others that may take hints.</param>
    /// <param name="table">Owners.</param>
    /// <param name="moves">At most one a partition.</param>
    /// <exception cref="ArgumentException">The parts do not fit one another.</exception>
    public ClusterMap(
        long version,
        Guid clusterId,
        IReadOnlyList<MapNode> nodes,
        IReadOnlyList<MapVolume> volumes,
        PartitionTable table,
        IReadOnlyList<ReplicaMove> moves
    )
    {
        Version = version;
        ClusterId = clusterId;
        Nodes = nodes;
        Volumes = volumes;
        Table = table;
        Moves = moves;
        nodesById = nodes.ToDictionary(node => node.NodeId);
        if (volumes.Any(volume => !nodesById.ContainsKey(volume.NodeId)))
        {
            throw new ArgumentException("A volume of the map is on no node of the map.", nameof(volumes));
        }

        setsByPartition = ReplicaSets.Of(volumes, table, moves);
    }

    /// <summary>The higher one holds.</summary>
    public long Version { get; }

    public Guid ClusterId { get; }

    public IReadOnlyList<MapNode> Nodes { get; }

    public IReadOnlyList<MapVolume> Volumes { get; }

    public PartitionTable Table { get; }

    public IReadOnlyList<ReplicaMove> Moves { get; }

    /// <summary>How long a node may be silent before its partitions are made anew elsewhere; zero when that is never done.</summary>
    public TimeSpan ReplaceAfter { get; init; }

    /// <summary>A first map, its table built from nothing.</summary>
    /// <exception cref="ArgumentException">Fewer than three nodes with volumes.</exception>
    public static ClusterMap Build(
        long version,
        Guid clusterId,
        IReadOnlyList<MapNode> nodes,
        IReadOnlyList<MapVolume> volumes
    )
    {
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(volumes);
        var zones = nodes.ToDictionary(node => node.NodeId, node => node.Zone);
        var table = PartitionTableBuilder.Build([
            .. volumes.Select(v => new PlacementVolume(v.NodeId, zones[v.NodeId], v.Weight)),
        ]);
        return new ClusterMap(version, clusterId, nodes, volumes, table, []);
    }

    /// <summary>The same table under new addresses.</summary>
    public ClusterMap WithNodes(long version, IReadOnlyList<MapNode> nodes) =>
        new(version, ClusterId, nodes, Volumes, Table, Moves) { ReplaceAfter = ReplaceAfter };

    /// <summary>The same map, by which nodes count their silence so.</summary>
    public ClusterMap With(TimeSpan replaceAfter) =>
        new(Version, ClusterId, Nodes, Volumes, Table, Moves) { ReplaceAfter = replaceAfter };

    /// <summary>Who has to do with this id, and what each counts for. No allocation; the sets are shared.</summary>
    public ReplicaSet ReplicasOf(ChunkId id) => setsByPartition[PartitionTable.PartitionOf(id)];

    /// <inheritdoc cref="ReplicasOf(ChunkId)"/>
    public ReplicaSet ReplicasOf(int partition) => setsByPartition[partition];

    /// <summary>The volumes that own this id, the first to ask first. No allocation; the lists are shared.</summary>
    public IReadOnlyList<MapVolume> OwnersOf(ChunkId id) => ReplicasOf(id).Owners;

    /// <summary>Null when no volume of the map is on it.</summary>
    public MapNode? FindNode(Guid nodeId) => nodesById.GetValueOrDefault(nodeId);

    public MapNode NodeOf(MapVolume volume)
    {
        ArgumentNullException.ThrowIfNull(volume);
        return nodesById[volume.NodeId];
    }
}
