using System.Security.Cryptography;
using FileSharing.Cluster.Map;

namespace FileSharing.UnitTests.Cluster;

public sealed class PlacementChangeTests
{
    private const int ChangesInARow = 5;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 12)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void After_any_changes_in_a_row_loads_rules_and_read_order_hold_and_no_way_moves_less(int seed)
    {
        var random = new Random(seed);
        var members = PlacementScenarios.Uneven(random, 3 + random.Next(98), 1 + (seed % 5));
        var table = PartitionTableBuilder.Build(PlacementScenarios.Placement(members));
        Check("built", members, table);
        for (var i = 0; i < ChangesInARow; i++)
        {
            var (kind, apply) = PlacementScenarios.Kinds[random.Next(PlacementScenarios.Kinds.Length)];
            var next = apply(members, random);
            if (next.Count > 100 || !PlacementScenarios.CanHoldThreeCopies(next))
            {
                continue;
            }

            var before = PlacementScenarios.Remap(table, members, next);
            var gains = PlacementScenarios.TargetGains(members, next);
            table = PartitionTableBuilder.Change(PlacementScenarios.Placement(next), before);
            members = next;
            var what = $"seed {seed}, change {i}: {kind}, {members.Count} volumes";
            Check(what, members, table);
            var moved = TableChange.Between(before, table, members.Count).Moves.Count;
            Assert.True(
                PlacementScenarios.MovesFewest(members, before, table) || moved <= 1.05 * gains,
                $"{what}: {moved} moved, {gains:F0} by targets, and fewer would do"
            );
            Assert.Equal(NotOwnedBefore(before, table), moved);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    public void In_zones_of_one_size_hardly_more_moves_than_volumes_gain_by_their_targets(int zones)
    {
        foreach (var (kind, apply) in PlacementScenarios.Kinds)
        {
            var random = new Random(zones);
            var members = PlacementScenarios.Even(random, 60, zones);
            var next = apply(members, random);
            if (!PlacementScenarios.CanHoldThreeCopies(next))
            {
                continue;
            }

            var built = PartitionTableBuilder.Build(PlacementScenarios.Placement(members));
            var before = PlacementScenarios.Remap(built, members, next);

            var after = PartitionTableBuilder.Change(PlacementScenarios.Placement(next), before);

            var moved = TableChange.Between(before, after, next.Count).Moves.Count;
            var gains = PlacementScenarios.TargetGains(members, next);
            Assert.True(moved <= 1.05 * gains, $"{kind}: {moved} moved, {gains:F1} by targets");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    public void A_thousand_volumes_stay_within_two_hundredths_of_their_targets(int zones)
    {
        var random = new Random(zones);
        var members = PlacementScenarios.Even(random, 1_000, zones);
        var table = PartitionTableBuilder.Build(PlacementScenarios.Placement(members));
        Check("built", members, table, maxOverTarget: 1.02);
        foreach (
            var (kind, apply) in PlacementScenarios.Kinds.Where(k =>
                !k.Name.StartsWith("a zone", StringComparison.Ordinal)
            )
        )
        {
            var next = apply(members, random);
            var before = PlacementScenarios.Remap(table, members, next);

            table = PartitionTableBuilder.Change(PlacementScenarios.Placement(next), before);

            members = next;
            Check(kind, members, table, maxOverTarget: 1.02);
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void No_volume_of_hundreds_is_further_than_two_hundredths_above_its_target_unless_whole_replicas_allow_no_less(
        int seed
    )
    {
        var random = new Random(seed);
        var members = PlacementScenarios.Uneven(random, 200 + random.Next(801), 1 + (seed % 5));
        var table = PartitionTableBuilder.Build(PlacementScenarios.Placement(members));
        CheckLeast("built", members, table);

        var (kind, apply) = PlacementScenarios.Kinds[seed % PlacementScenarios.Kinds.Length];
        var next = apply(members, random);
        var before = PlacementScenarios.Remap(table, members, next);

        CheckLeast(kind, next, PartitionTableBuilder.Change(PlacementScenarios.Placement(next), before));
    }

    [Fact]
    public void A_small_zone_of_many_volumes_rounds_down_where_the_large_ones_have_room_for_the_rest()
    {
        // Its volumes have a target of 13.6: 14 would be 1.029 of it.
        var members = Enumerable
            .Range(0, 5)
            .SelectMany(zone =>
                PlacementScenarios
                    .Even(new Random(zone), zone == 0 ? 500 : 100, 1)
                    .Select(m => m with { Zone = $"zone-{zone}", Weight = zone == 0 ? 1 : 7.8 })
            )
            .ToList();

        var table = PartitionTableBuilder.Build(PlacementScenarios.Placement(members));

        Check("built", members, table, maxOverTarget: 1.02);
    }

    [Fact]
    public void Where_nothing_changes_nothing_moves()
    {
        var members = PlacementScenarios.Uneven(new Random(1), 40, 4);
        var volumes = PlacementScenarios.Placement(members);
        var table = PartitionTableBuilder.Build(volumes);

        Assert.Empty(TableChange.Between(table, PartitionTableBuilder.Change(volumes, table), 40).Moves);
    }

    [Fact]
    public void Where_only_the_list_has_another_order_nothing_moves()
    {
        var members = PlacementScenarios.Even(new Random(1), 7, 1).ConvertAll(m => m with { Weight = 1 });
        var reversed = members.AsEnumerable().Reverse().ToList();
        var table = PartitionTableBuilder.Build(PlacementScenarios.Placement(members));
        var before = PlacementScenarios.Remap(table, members, reversed);

        var after = PartitionTableBuilder.Change(PlacementScenarios.Placement(reversed), before);

        Assert.Empty(TableChange.Between(before, after, reversed.Count).Moves);
    }

    [Fact]
    public void A_volume_of_weight_zero_holds_nothing_and_draining_moves_what_removing_does()
    {
        var members = PlacementScenarios.Even(new Random(1), 12, 3);
        var drained = members.Select((m, i) => i == 5 ? m with { Weight = 0 } : m).ToList();
        var removed = members.Where((_, i) => i != 5).ToList();
        var table = PartitionTableBuilder.Build(PlacementScenarios.Placement(members));

        var after = PartitionTableBuilder.Change(PlacementScenarios.Placement(drained), table);

        var change = TableChange.Between(table, after, drained.Count);
        Assert.Equal(0, PlacementScenarios.Loads(drained, after)[5]);
        Assert.All(change.Moves, move => Assert.Equal(5, move.From));
        var before = PlacementScenarios.Remap(table, members, removed);
        var without = PartitionTableBuilder.Change(PlacementScenarios.Placement(removed), before);
        Assert.Equal(TableChange.Between(before, without, removed.Count).Moves.Count, change.Moves.Count);
    }

    [Fact]
    public void A_third_zone_gets_a_replica_of_every_partition_and_no_zone_keeps_two()
    {
        var members = PlacementScenarios.Even(new Random(2), 20, 2);
        var third = PlacementScenarios.Even(new Random(3), 4, 1).Select(m => m with { Zone = "third" });
        List<Member> next = [.. members, .. third];
        var before = PartitionTableBuilder.Build(PlacementScenarios.Placement(members));

        var after = PartitionTableBuilder.Change(PlacementScenarios.Placement(next), before);

        Check("a third zone", next, after);
        var moved = TableChange.Between(before, after, next.Count).Moves.Count;
        Assert.InRange(moved, PartitionTable.Partitions, PartitionTable.Partitions * 1.01);
    }

    [Fact]
    public void A_table_whose_owners_may_not_stand_together_any_more_is_mended()
    {
        var members = PlacementScenarios.Even(new Random(4), 9, 3);
        var table = PartitionTableBuilder.Build(PlacementScenarios.Placement(members));
        var regrouped = members.Select((m, i) => m with { Zone = $"zone-{i / 3}" }).ToList();

        Check("regrouped", regrouped, PartitionTableBuilder.Change(PlacementScenarios.Placement(regrouped), table));
    }

    [Fact]
    public void The_same_change_gives_the_same_table_for_ever()
    {
        PlacementVolume[] volumes =
        [
            .. Enumerable
                .Range(0, 7)
                .Select(i => new PlacementVolume(new Guid(i, 0, 0, new byte[8]), $"{i % 3}", 1 << (i % 3))),
        ];
        var table = PartitionTableBuilder.Build(volumes);

        var after = PartitionTableBuilder.Change(
            [.. volumes, volumes[0] with { NodeId = new Guid(7, 0, 0, new byte[8]) }],
            table
        );

        var bytes = new byte[PartitionTable.TableBytes];
        after.CopyTo(bytes);
        Assert.StartsWith(
            "a633f49a4f936c79cbfb54db5d5b82978224299034214a201e",
            Convert.ToHexStringLower(SHA256.HashData(bytes)),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(0.0, "3 nodes")]
    [InlineData(-1.0, "-1")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "Infinity")]
    public void A_weight_that_leaves_two_nodes_or_is_no_weight_is_refused(double weight, string says)
    {
        var members = PlacementScenarios.Even(new Random(1), 3, 1);
        var table = PartitionTableBuilder.Build(PlacementScenarios.Placement(members));
        members[1] = members[1] with { Weight = weight };

        var error = Assert.Throws<ArgumentException>(() =>
            PartitionTableBuilder.Change(PlacementScenarios.Placement(members), table)
        );

        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_in_two_zones_and_a_table_of_other_volumes_are_refused()
    {
        var members = PlacementScenarios.Even(new Random(1), 4, 1);
        var table = PartitionTableBuilder.Build(PlacementScenarios.Placement(members));
        List<Member> split = [.. members, members[0] with { Zone = "elsewhere" }];

        Assert.Throws<ArgumentException>(() => PartitionTableBuilder.Build(PlacementScenarios.Placement(split)));
        Assert.Throws<ArgumentException>(() =>
            PartitionTableBuilder.Change(PlacementScenarios.Placement(members[..3]), table)
        );
    }

    private static void Check(string what, List<Member> members, PartitionTable table, double maxOverTarget = 1.005)
    {
        var zones = members.Where(m => m.Weight > 0).Select(m => m.Zone).Distinct().Count();
        for (var partition = 0; partition < PartitionTable.Partitions; partition++)
        {
            var owners = table.OwnersOf(partition).ToArray();
            Assert.True(
                owners.DistinctBy(owner => members[owner].Node).Count() == 3
                    && owners.DistinctBy(owner => members[owner].Zone).Count() == Math.Min(3, zones),
                $"{what}: partition {partition} is on {string.Join(", ", owners.Select(owner => members[owner]))}"
            );
        }

        var worst = PlacementScenarios.MaxOverTarget(members, table);
        Assert.True(worst <= maxOverTarget, $"{what}: the fullest volume has {worst:F4} of its target");
        var firsts = PlacementScenarios.FirstsBeyondOne(members, table);
        Assert.True(firsts <= 0.03, $"{what}: a volume is first {firsts:P1} more or less often than in a third");
    }

    private static void CheckLeast(string what, List<Member> members, PartitionTable table)
    {
        var least = PlacementScenarios.LeastMaxOverTarget(members);
        Assert.Equal(least <= 1.02, PlacementScenarios.HasRoom(members, 1.02));
        Check($"{what}, {members.Count} volumes", members, table, maxOverTarget: Math.Max(1.02, least + 1e-6));
    }

    private static int NotOwnedBefore(PartitionTable before, PartitionTable after) =>
        Enumerable
            .Range(0, PartitionTable.Partitions)
            .Sum(p => after.OwnersOf(p).ToArray().Except(before.OwnersOf(p).ToArray()).Count());
}
