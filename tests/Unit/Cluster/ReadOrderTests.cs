using FileSharing.Chunks;
using FileSharing.Cluster.Map;

namespace FileSharing.UnitTests.Cluster;

public sealed class ReadOrderTests
{
    [Fact]
    public void Every_volume_is_asked_first_in_its_share_of_the_partitions()
    {
        var members = PlacementScenarios.Even(new Random(1), 3, 1);

        var order = ReadOrder.Of(PartitionTableBuilder.Build(PlacementScenarios.Placement(members)));

        Assert.All(
            PlacementScenarios.Loads(members, order, onlyFirst: true),
            count => Assert.InRange(count, PartitionTable.Partitions / 3, (PartitionTable.Partitions / 3) + 1)
        );
    }

    [Fact]
    public void It_has_the_same_owners_and_those_that_are_none_come_last()
    {
        var members = PlacementScenarios.Even(new Random(1), 8, 1);
        var table = PartitionTableBuilder.Build(PlacementScenarios.Placement(members));
        table = PlacementScenarios.Remap(table, members, members[2..]);

        var order = ReadOrder.Of(table);

        for (var partition = 0; partition < PartitionTable.Partitions; partition++)
        {
            var owners = order.OwnersOf(partition).ToArray();
            Assert.Equal(table.OwnersOf(partition).ToArray().Order(), owners.Order());
            Assert.True(owners.SkipWhile(o => o != PartitionTable.None).All(o => o == PartitionTable.None));
        }
    }

    [Fact]
    public void A_volume_more_leaves_most_other_partitions_their_order()
    {
        var random = new Random(1);
        var members = PlacementScenarios.Even(random, 30, 3);
        var next = PlacementScenarios.Kinds[0].Apply(members, random);
        var before = PartitionTableBuilder.Build(PlacementScenarios.Placement(members));
        var after = PartitionTableBuilder.Change(PlacementScenarios.Placement(next), before);
        var (orderBefore, orderAfter) = (ReadOrder.Of(before), ReadOrder.Of(after));

        var kept = Enumerable
            .Range(0, PartitionTable.Partitions)
            .Where(p => before.OwnersOf(p).SequenceEqual(after.OwnersOf(p)))
            .Average(p => orderBefore.OwnersOf(p).SequenceEqual(orderAfter.OwnersOf(p)) ? 1 : 0);

        Assert.True(kept > 0.95, $"{kept:P1} of the partitions that kept their owners kept their order");
    }

    [Fact]
    public void A_map_asks_in_read_order_and_a_lookup_allocates_nothing()
    {
        var members = PlacementScenarios.Even(new Random(1), 30, 3);
        var map = ClusterMap.Build(
            1,
            Guid.NewGuid(),
            [.. members.Select(m => new MapNode(m.Node, "", new Uri("http://127.0.0.1"), m.Zone))],
            [.. members.Select(m => new MapVolume(m.Id, m.Node, m.Weight))]
        );
        var order = ReadOrder.Of(map.Table);
        var ids = Enumerable.Range(0, 500).Select(i => ChunkId.OfChunk(BitConverter.GetBytes(i))).ToList();

        Assert.All(
            ids,
            id =>
                Assert.Equal(
                    order.OwnersOf(PartitionTable.PartitionOf(id)).ToArray().Select(o => members[o].Id),
                    map.OwnersOf(id).Select(volume => volume.VolumeId)
                )
        );
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var found = 0;
        for (var i = 0; i < ids.Count; i++)
        {
            found += map.OwnersOf(ids[i]).Count;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - allocated);
        Assert.Equal(3 * ids.Count, found);
    }
}
