using FileSharing.Cluster.Map;

namespace FileSharing.UnitTests.Cluster;

public sealed class TableChangeTests
{
    [Fact]
    public void A_table_under_another_list_has_the_same_owners_and_none_where_a_volume_is_gone()
    {
        var members = PlacementScenarios.Even(new Random(1), 6, 1);
        var next = members.Skip(1).Reverse().Concat(PlacementScenarios.Even(new Random(2), 1, 1)).ToList();
        var table = PartitionTableBuilder.Build(PlacementScenarios.Placement(members));

        var remapped = PlacementScenarios.Remap(table, members, next);

        for (var partition = 0; partition < PartitionTable.Partitions; partition++)
        {
            var owners = remapped.OwnersOf(partition);
            foreach (var (slot, owner) in table.OwnersOf(partition).ToArray().Index())
            {
                Assert.Equal(owner == 0 ? Guid.Empty : members[owner].Id, IdOf(next, owners[slot]));
            }
        }
    }

    [Fact]
    public void A_list_that_is_too_short_or_names_a_volume_twice_is_refused()
    {
        var members = PlacementScenarios.Even(new Random(1), 4, 1);
        var table = PartitionTableBuilder.Build(PlacementScenarios.Placement(members));

        Assert.Throws<ArgumentException>(() => PlacementScenarios.Remap(table, members[..3], members));
        Assert.Throws<ArgumentException>(() => PlacementScenarios.Remap(table, members, [.. members, members[0]]));
        Assert.Throws<ArgumentException>(() => TableChange.Between(table, table, 3));
    }

    [Fact]
    public void Gains_and_losses_are_what_the_loads_differ_by()
    {
        var (members, before, after) = Changed(new Random(3), PlacementScenarios.Kinds[0].Apply);

        var change = TableChange.Between(before, after, members.Count);

        var had = PlacementScenarios.Loads(members, before);
        var has = PlacementScenarios.Loads(members, after);
        Assert.Equal(
            has.Zip(had, (now, then) => now - then),
            change.Gains.Zip(change.Losses, (gain, loss) => gain - loss)
        );
        Assert.Equal(change.Moves.Count, change.Gains.Sum());
        Assert.Equal(after.Owners, Made(before, change.Moves).Owners);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void One_move_of_a_partition_at_a_time_in_any_order_reaches_the_goal_and_two_replicas_never_meet_on_a_node(
        int seed
    )
    {
        var random = new Random(seed);
        var (members, present, goal) = Changed(
            random,
            (all, r) =>
                [.. PlacementScenarios.Kinds.Aggregate(all, (now, kind) => kind.Apply(now, r)).Where(m => m.Weight > 0)]
        );
        var rounds = 0;
        for (; TableChange.Between(present, goal, members.Count) is { Moves.Count: > 0 } change; rounds++)
        {
            var inFlight = Enumerable.Range(0, PartitionTable.Partitions).Where(_ => random.Next(4) == 0).ToHashSet();
            var next = change
                .Moves.Where(move => !inFlight.Contains(move.Partition))
                .GroupBy(move => move.Partition)
                .Select(moves => moves.ElementAt(random.Next(moves.Count())))
                .ToList();
            present = Made(present, next);
            for (var partition = 0; partition < PartitionTable.Partitions; partition++)
            {
                var nodes = present
                    .OwnersOf(partition)
                    .ToArray()
                    .Where(o => o != PartitionTable.None)
                    .Select(o => members[o].Node)
                    .ToList();
                Assert.Equal(nodes.Count, nodes.Distinct().Count());
            }
        }

        Assert.True(rounds > 1);
    }

    private static PartitionTable Made(PartitionTable table, IEnumerable<PartitionMove> moves) =>
        table.With(moves.Select(move => (move.Partition, move.Slot, move.To)));

    [Fact]
    public void Replicas_that_change_the_volume_on_their_node_do_not_change_the_slot()
    {
        var members = PlacementScenarios.Even(new Random(1), 3, 1).ConvertAll(m => m with { Weight = 1 });
        List<Member> next =
        [
            .. members.Select(m => m with { Weight = 0 }),
            .. PlacementScenarios.Even(new Random(2), 3, 1).Zip(members, (other, m) => m with { Id = other.Id }),
        ];
        var table = PartitionTableBuilder.Build(PlacementScenarios.Placement(members));

        var after = PartitionTableBuilder.Change(PlacementScenarios.Placement(next), table);

        var moves = TableChange.Between(table, after, next.Count).Moves;
        Assert.Equal(PartitionTable.Partitions * PartitionTable.Replicas, moves.Count);
        Assert.All(moves, move => Assert.Equal(next[move.From].Node, next[move.To].Node));
    }

    private static (List<Member> Members, PartitionTable Before, PartitionTable After) Changed(
        Random random,
        Func<List<Member>, Random, List<Member>> apply
    )
    {
        var members = PlacementScenarios.Uneven(random, 30, 3);
        var next = apply(members, random);
        var table = PartitionTableBuilder.Build(PlacementScenarios.Placement(members));
        var before = PlacementScenarios.Remap(table, members, next);
        return (next, before, PartitionTableBuilder.Change(PlacementScenarios.Placement(next), before));
    }

    private static Guid IdOf(List<Member> members, ushort owner) =>
        owner == PartitionTable.None ? Guid.Empty : members[owner].Id;
}
