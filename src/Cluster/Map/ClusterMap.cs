using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using FileSharing.Chunks;
using FileSharing.Cluster.Wire;

namespace FileSharing.Cluster.Map;

/// <summary>A storage process.</summary>
/// <param name="Url">Where clients and the other processes reach it.</param>
/// <param name="Zone">Rack or room; replicas go to distinct zones where there are three.</param>
public sealed record MapNode(Guid NodeId, string Name, Uri Url, string Zone);

/// <summary>One data directory of a node: the unit of failure and of placement.</summary>
/// <param name="Weight">Share of the data relative to the other volumes; more than 0.</param>
public sealed record MapVolume(Guid VolumeId, Guid NodeId, double Weight);

/// <summary>
/// Which volumes own which partition, as of one version. Immutable. The API makes it, Postgres keeps it, every node caches it signed.
/// Bytes: docs/node-protocol.md, section 5.
/// </summary>
public sealed class ClusterMap
{
    private static readonly byte[] Magic = "FSMAP1\0\0"u8.ToArray();

    private readonly Dictionary<Guid, MapNode> nodesById;
    private readonly MapVolume[][] ownersByPartition;

    private ClusterMap(
        long version,
        Guid clusterId,
        IReadOnlyList<MapNode> nodes,
        IReadOnlyList<MapVolume> volumes,
        PartitionTable table
    )
    {
        Version = version;
        ClusterId = clusterId;
        Nodes = nodes;
        Volumes = volumes;
        Table = table;
        nodesById = nodes.ToDictionary(node => node.NodeId);
        ownersByPartition = OwnerLists(volumes, ReadOrder.Of(table));
    }

    /// <summary>1 and up; the higher one holds.</summary>
    public long Version { get; }

    public Guid ClusterId { get; }

    public IReadOnlyList<MapNode> Nodes { get; }

    public IReadOnlyList<MapVolume> Volumes { get; }

    public PartitionTable Table { get; }

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
        return new ClusterMap(version, clusterId, nodes, volumes, table);
    }

    /// <summary>The same table under new addresses.</summary>
    public ClusterMap WithNodes(long version, IReadOnlyList<MapNode> nodes) =>
        new(version, ClusterId, nodes, Volumes, Table);

    /// <summary>The volumes that hold this id, the first to ask first. No allocation; the lists are shared.</summary>
    public IReadOnlyList<MapVolume> OwnersOf(ChunkId id) => ownersByPartition[PartitionTable.PartitionOf(id)];

    public MapNode NodeOf(MapVolume volume)
    {
        ArgumentNullException.ThrowIfNull(volume);
        return nodesById[volume.NodeId];
    }

    public byte[] ToSignedBytes(ReadOnlySpan<byte> mapKey)
    {
        var head = JsonSerializer.SerializeToUtf8Bytes(
            new MapHead(Version, ClusterId, PartitionTable.PartitionBits, Nodes, Volumes),
            WireJson.Default.MapHead
        );
        var bytes = new byte[
            Magic.Length + sizeof(uint) + head.Length + PartitionTable.TableBytes + HMACSHA256.HashSizeInBytes
        ];
        Magic.CopyTo(bytes, 0);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(Magic.Length), head.Length);
        head.CopyTo(bytes, Magic.Length + sizeof(uint));
        Table.CopyTo(bytes.AsSpan(Magic.Length + sizeof(uint) + head.Length));
        HMACSHA256.HashData(
            mapKey,
            bytes.AsSpan(0, bytes.Length - HMACSHA256.HashSizeInBytes),
            bytes.AsSpan(bytes.Length - HMACSHA256.HashSizeInBytes)
        );
        return bytes;
    }

    /// <exception cref="FormatException">Not a map, of another version of the format, or not signed by this key.</exception>
    public static ClusterMap Parse(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> mapKey)
    {
        var fixedBytes = Magic.Length + sizeof(uint) + PartitionTable.TableBytes + HMACSHA256.HashSizeInBytes;
        if (bytes.Length <= fixedBytes || !bytes.StartsWith(Magic))
        {
            throw new FormatException("Not a cluster map that this release reads.");
        }

        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(mapKey, bytes[..^HMACSHA256.HashSizeInBytes], mac);
        var headBytes = BinaryPrimitives.ReadInt32LittleEndian(bytes[Magic.Length..]);
        if (
            !CryptographicOperations.FixedTimeEquals(mac, bytes[^HMACSHA256.HashSizeInBytes..])
            || headBytes != bytes.Length - fixedBytes
        )
        {
            throw new FormatException("The cluster map is damaged or signed by another cluster.");
        }

        var head = JsonSerializer.Deserialize(
            bytes.Slice(Magic.Length + sizeof(uint), headBytes),
            WireJson.Default.MapHead
        );
        if (head is not { PartitionBits: PartitionTable.PartitionBits })
        {
            throw new FormatException($"The cluster map does not have {PartitionTable.PartitionBits} partition bits.");
        }

        var table = PartitionTable.Read(
            bytes.Slice(Magic.Length + sizeof(uint) + headBytes, PartitionTable.TableBytes),
            head.Volumes.Count
        );
        return new ClusterMap(head.Version, head.ClusterId, head.Nodes, head.Volumes, table);
    }

    /// <summary>One list a distinct set of owners, shared by all its partitions: 3 volumes have 6 lists, not 16,384.</summary>
    private static MapVolume[][] OwnerLists(IReadOnlyList<MapVolume> volumes, PartitionTable table)
    {
        var distinct = new Dictionary<(ushort, ushort, ushort), MapVolume[]>();
        var lists = new MapVolume[PartitionTable.Partitions][];
        for (var partition = 0; partition < lists.Length; partition++)
        {
            var owners = table.OwnersOf(partition);
            var key = (owners[0], owners[1], owners[2]);
            if (!distinct.TryGetValue(key, out var list))
            {
                list =
                [
                    .. owners.ToArray().Where(index => index != PartitionTable.None).Select(index => volumes[index]),
                ];
                distinct.Add(key, list);
            }

            lists[partition] = list;
        }

        return lists;
    }
}

/// <summary>The part of a map that is JSON.</summary>
public sealed record MapHead(
    long Version,
    Guid ClusterId,
    int PartitionBits,
    IReadOnlyList<MapNode> Nodes,
    IReadOnlyList<MapVolume> Volumes
);
