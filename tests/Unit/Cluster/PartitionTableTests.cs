using System.Security.Cryptography;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;

namespace FileSharing.UnitTests.Cluster;

public sealed class PartitionTableTests
{
    public static TheoryData<int, int, bool> Layouts =>
        new()
        {
            { 3, 1, false },
            { 4, 1, false },
            { 5, 3, false },
            { 10, 3, true },
            { 30, 3, false },
            { 100, 3, true },
            { 100, 5, false },
        };

    private static PlacementVolume[] Volumes(int count, int zones, bool mixedWeights) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(i => new PlacementVolume(
                    NodeId(i),
                    $"zone-{i % zones}",
                    mixedWeights ? 1 << (i / zones % 3) : 1
                )),
        ];

    private static Guid NodeId(int i) => new(i + 1, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]);

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Load_follows_the_weights_and_no_partition_has_two_replicas_on_a_node_or_in_a_zone(
        int count,
        int zones,
        bool mixedWeights
    )
    {
        var volumes = Volumes(count, zones, mixedWeights);
        var targets = PlacementTargets.Of(volumes);

        var table = PartitionTableBuilder.Build(volumes);

        var load = new int[count];
        for (var partition = 0; partition < PartitionTable.Partitions; partition++)
        {
            var owners = table.OwnersOf(partition).ToArray();
            Assert.DoesNotContain(PartitionTable.None, owners);
            Assert.Equal(3, owners.Select(owner => volumes[owner].NodeId).Distinct().Count());
            Assert.Equal(Math.Min(3, zones), owners.Select(owner => volumes[owner].Zone).Distinct().Count());
            foreach (var owner in owners)
            {
                load[owner]++;
            }
        }

        var worst = load.Select((replicas, i) => replicas / targets[i]).Max();
        Assert.True(worst <= 1.005, $"the fullest volume has {worst:F4} of its target");
    }

    [Fact]
    public void The_same_volumes_give_the_same_table_for_ever()
    {
        var table = PartitionTableBuilder.Build(Volumes(7, 3, mixedWeights: true));

        var bytes = new byte[PartitionTable.TableBytes];
        table.CopyTo(bytes);
        Assert.StartsWith(
            "b39d37042b73a765794306a3de37b0fc1232c9625a2c5411a6",
            Convert.ToHexStringLower(SHA256.HashData(bytes)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Two_nodes_are_too_few_and_the_message_says_so()
    {
        var error = Assert.Throws<ArgumentException>(() =>
            PartitionTableBuilder.Build(Volumes(2, 1, mixedWeights: false))
        );

        Assert.Contains("3 nodes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_map_comes_back_from_its_signed_bytes_and_any_flipped_bit_is_refused()
    {
        var key = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray();
        var map = Map(version: 7);

        var bytes = map.ToSignedBytes(key);
        var back = MapFormat.Parse(bytes, key);

        Assert.Equal(7, back.Version);
        Assert.Equal(map.Nodes, back.Nodes);
        Assert.Equal(map.Volumes, back.Volumes);
        var id = ChunkId.OfChunk([1, 2, 3]);
        Assert.Equal(map.OwnersOf(id), back.OwnersOf(id));
        for (var i = 0; i < bytes.Length; i += 97)
        {
            bytes[i] ^= 1;
            Assert.Throws<FormatException>(() => MapFormat.Parse(bytes, key));
            bytes[i] ^= 1;
        }

        Assert.Throws<FormatException>(() => MapFormat.Parse(bytes, new byte[32]));
    }

    [Fact]
    public void A_holder_takes_only_newer_maps_and_knows_when_it_is_behind()
    {
        var holder = new MapHolder();
        Assert.Throws<ClusterFormingException>(() => holder.Required);

        Assert.True(holder.Offer(Map(version: 2)));
        Assert.False(holder.Offer(Map(version: 1)));
        Assert.False(holder.IsBehind);
        holder.Saw(3);
        Assert.True(holder.IsBehind);
        Assert.True(holder.Offer(Map(version: 3)));
        Assert.False(holder.IsBehind);
    }

    private static ClusterMap Map(long version)
    {
        var nodes = Enumerable
            .Range(0, 3)
            .Select(i => new MapNode(NodeId(i), $"{i + 1}", new Uri($"http://127.0.0.1:{9000 + i}"), "default"))
            .ToList();
        return ClusterMap.Build(
            version,
            NodeId(99),
            nodes,
            [.. nodes.Select(node => new MapVolume(node.NodeId, node.NodeId, 1))]
        );
    }
}
