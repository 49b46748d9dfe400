using FileSharing.Api.Placement;
using FileSharing.Cluster.Map;
using FileSharing.Metadata;
using static FileSharing.UnitTests.Api.Placement.TestCluster;

namespace FileSharing.UnitTests.Api.Placement;

public sealed class LayoutStepTests
{
    private static readonly Guid[] Four = [Volume(1), Volume(2), Volume(3), Volume(4)];

    [Fact]
    public void A_layout_that_is_there_changes_nothing()
    {
        var cluster = OfThree();
        cluster.Plan([.. Members(Four[..3])]);

        Assert.Null(cluster.Next());
    }

    [Fact]
    public void A_new_volume_comes_into_the_map_with_as_many_moves_as_may_be_under_way_one_a_partition()
    {
        var cluster = AddingTheFourth(movesMax: 10);

        Assert.True(cluster.Step());

        Assert.Equal(Four, cluster.Map.Volumes.Select(v => v.VolumeId));
        Assert.Equal(10, cluster.Map.Moves.Select(m => m.Partition).Distinct().Count());
        Assert.All(
            cluster.Map.Moves,
            move =>
            {
                Assert.Equal((MoveState.Copying, cluster.Map.Version), (move.State, move.Since));
                Assert.Equal(Volume(4), cluster.Map.Volumes[move.To].VolumeId);
                Assert.Equal(move.From, cluster.Map.Table.OwnersOf(move.Partition)[move.Slot]);
            }
        );
        Assert.False(cluster.Step());
    }

    [Fact]
    public void A_replica_becomes_an_owner_only_when_it_has_compared_with_every_owner_since_all_have_the_map()
    {
        var (cluster, move) = OneMove();
        var to = cluster.Map.Volumes[move.To].VolumeId;
        var sources = cluster.Map.ReplicasOf(move.Partition).Owners.Select(o => o.VolumeId).ToList();

        cluster.Report(move.Partition, to, sources[0], move.Since);
        cluster.Report(move.Partition, to, sources[1], move.Since);
        Assert.False(cluster.Step());
        cluster.Report(move.Partition, to, sources[2], move.Since - 1);
        Assert.False(cluster.Step());
        cluster.Report(move.Partition, to, sources[2], move.Since, lacking: 1);
        Assert.False(cluster.Step());

        cluster.Report(move.Partition, to, sources[2], move.Since);
        Assert.True(cluster.Step());

        var leaving = Assert.Single(cluster.Map.Moves, m => m.Partition == move.Partition);
        Assert.Equal((MoveState.Leaving, cluster.Map.Version), (leaving.State, leaving.Since));
        Assert.Equal(move.To, cluster.Map.Table.OwnersOf(move.Partition)[move.Slot]);
    }

    [Fact]
    public void An_owner_that_is_cut_off_is_not_waited_for_but_without_any_owner_nothing_is_known()
    {
        var (cluster, move) = OneMove();
        var to = cluster.Map.Volumes[move.To].VolumeId;
        var owners = cluster.Map.ReplicasOf(move.Partition).Owners;
        foreach (var owner in owners)
        {
            cluster.CutOff.Add(owner.NodeId);
        }

        Assert.False(cluster.Step());

        cluster.CutOff.Remove(owners[0].NodeId);
        Assert.False(cluster.Step());
        cluster.Report(move.Partition, to, owners[0].VolumeId, move.Since);
        Assert.True(cluster.Step());
        Assert.Equal(MoveState.Leaving, Assert.Single(cluster.Map.Moves, m => m.Partition == move.Partition).State);
    }

    [Fact]
    public void A_target_that_is_cut_off_does_not_become_an_owner()
    {
        var (cluster, move) = OneMove();
        cluster.Confirm();
        cluster.CompareAll();
        cluster.CutOff.Add(Node(4));

        Assert.False(cluster.Step());
    }

    [Fact]
    public void The_old_replica_goes_when_the_new_one_has_compared_with_it_once_more()
    {
        var (cluster, move) = OneMove();
        cluster.Confirm();
        cluster.CompareAll();
        cluster.Step();
        var leaving = cluster.Map.Moves[0];
        var (to, from) = (cluster.Map.Volumes[leaving.To].VolumeId, cluster.Map.Volumes[leaving.From].VolumeId);

        Assert.False(cluster.Step());
        cluster.Report(move.Partition, to, from, leaving.Since);
        Assert.True(cluster.Step());

        Assert.DoesNotContain(cluster.Map.Moves, m => m.Partition == move.Partition);
        Assert.DoesNotContain(from, cluster.Map.ReplicasOf(move.Partition).Readers.Select(r => r.VolumeId));
    }

    [Fact]
    public void An_old_replica_that_is_cut_off_is_not_waited_for()
    {
        var (cluster, move) = OneMove();
        cluster.Confirm();
        cluster.CompareAll();
        cluster.Step();
        cluster.CutOff.Add(cluster.Map.Volumes[move.From].NodeId);

        Assert.True(cluster.Step());
        Assert.DoesNotContain(cluster.Map.Moves, m => m.Partition == move.Partition);
    }

    [Fact]
    public void A_new_replica_that_is_lost_before_its_last_look_does_not_hold_up_its_partition()
    {
        var (cluster, move) = OneMove();
        cluster.Confirm();
        cluster.CompareAll();
        cluster.Step();
        cluster.CutOff.Add(cluster.Map.Volumes[move.To].NodeId);

        Assert.True(cluster.Step());
        Assert.DoesNotContain(cluster.Map.Moves, m => m.Partition == move.Partition);
        Assert.Equal(move.To, cluster.Map.Table.OwnersOf(move.Partition)[move.Slot]);
    }

    [Fact]
    public void A_copy_to_a_volume_that_leaves_the_layout_is_taken_back_and_the_volume_leaves_the_map()
    {
        var (cluster, move) = OneMove();
        var owners = cluster.Map.Table.OwnersOf(move.Partition).ToArray();

        cluster.Plan([.. Members(Four[..3])]);
        while (cluster.Step()) { }

        Assert.Empty(cluster.Map.Moves);
        Assert.Equal(owners, cluster.Map.Table.OwnersOf(move.Partition).ToArray());
        Assert.Equal(Four[..3], cluster.Map.Volumes.Select(v => v.VolumeId));
        Assert.Equal(3, cluster.Map.Nodes.Count);
    }

    [Fact]
    public void Partitions_with_the_fewest_live_copies_go_first()
    {
        var directory = Directory(5);
        var five = Enumerable.Range(1, 5).Select(n => Volume(n)).ToArray();
        var cluster = new Simulated(directory, Map(directory, five)) { MovesMax = 40 };
        cluster.Down.Add(Node(5));
        cluster.CutOff.Add(Node(5));
        cluster.Step();
        cluster.Target = new LayoutTarget(
            [.. Members(five).Select(m => m with { IsReplaced = m.VolumeId == Volume(5) })],
            LayoutPlan
                .Make(
                    cluster.Map,
                    [.. Members(five).Select(m => m with { IsReplaced = m.VolumeId == Volume(5) })],
                    1,
                    directory
                )
                .Table
        );

        Assert.True(cluster.Step());

        Assert.Equal(40, cluster.Map.Moves.Count);
        Assert.All(cluster.Map.Moves, m => Assert.Equal(Volume(5), cluster.Map.Volumes[m.From].VolumeId));
    }

    [Fact]
    public void Moves_to_a_volume_that_is_down_wait_and_take_nobodys_room()
    {
        var directory = Directory(5);
        var cluster = new Simulated(directory, Map(directory, Four[..3])) { MovesMax = 8 };
        cluster.Plan([.. Members([.. Four, Volume(5)])]);
        cluster.Step();
        var waiting = cluster.Map.Moves.Count(m => cluster.Map.Volumes[m.To].VolumeId == Volume(4));

        cluster.Down.Add(Node(4));
        cluster.Step();

        Assert.Equal(8, cluster.Map.Moves.Count(m => cluster.Map.Volumes[m.To].VolumeId == Volume(5)));
        Assert.Equal(waiting, cluster.Map.Moves.Count(m => cluster.Map.Volumes[m.To].VolumeId == Volume(4)));
    }

    [Fact]
    public void Moves_that_wait_for_a_lost_volume_and_have_all_that_the_others_hold_let_others_begin()
    {
        var cluster = AddingTheFourth(movesMax: 8);
        cluster.Down.Add(Node(1));
        cluster.Step();
        var first = cluster.Map.Moves;
        foreach (var move in first)
        {
            cluster.Report(move.Partition, Volume(4), Volume(2), move.Since);
        }

        Assert.False(cluster.Step());
        foreach (var move in first)
        {
            cluster.Report(move.Partition, Volume(4), Volume(3), move.Since);
        }

        Assert.True(cluster.Step());
        Assert.Equal(first, cluster.Map.Moves.Take(8));
        Assert.Equal(16, cluster.Map.Moves.Count);
        Assert.False(cluster.Step());
    }

    [Fact]
    public void A_volume_that_is_down_is_marked_and_unmarked_and_keeps_its_partitions()
    {
        var cluster = OfThree();
        cluster.Plan([.. Members(Four[..3])]);
        cluster.Down.Add(Node(2));

        Assert.True(cluster.Step());
        Assert.Equal([false, true, false], cluster.Map.Volumes.Select(v => v.IsDown));
        Assert.Empty(cluster.Map.Moves);

        cluster.Down.Clear();
        Assert.True(cluster.Step());
        Assert.All(cluster.Map.Volumes, v => Assert.False(v.IsDown));
    }

    [Fact]
    public void Partitions_of_which_all_owners_are_given_up_begin_anew_and_those_that_one_may_come_back_to_wait()
    {
        var (cluster, lost) = ThreeOfSixGivenUp();
        var target = cluster.Target!;
        cluster.Target = target with
        {
            Members = [.. target.Members.Select(m => m.VolumeId == Volume(3) ? m with { IsLost = false } : m)],
        };

        Settle(cluster);
        Assert.All(lost, p => Assert.Equal(MoveState.Copying, cluster.Map.Moves.Single(m => m.Partition == p).State));
        Assert.Equal(lost.Order(), cluster.Map.Moves.Select(m => m.Partition).Order());

        cluster.Target = target;
        Settle(cluster);
        Assert.True(cluster.IsThere);
        Assert.Equal([Volume(4), Volume(5), Volume(6)], cluster.Map.Volumes.Select(v => v.VolumeId).Order());
    }

    [Fact]
    public void A_volume_that_was_given_up_and_turns_up_is_heard_before_its_partitions_begin_anew()
    {
        var (cluster, lost) = ThreeOfSixGivenUp();
        cluster.Step();
        cluster.Down.Remove(Node(1));
        cluster.CutOff.Remove(Node(1));
        cluster.Step();
        cluster.Confirm();

        cluster.CompareAll((move, source) => source != Volume(1));
        cluster.Step();
        Assert.All(lost, p => Assert.Equal(MoveState.Copying, cluster.Map.Moves.Single(m => m.Partition == p).State));

        cluster.CompareAll();
        cluster.Step();
        Assert.All(lost, p => Assert.Equal(MoveState.Leaving, cluster.Map.Moves.Single(m => m.Partition == p).State));
    }

    [Fact]
    public void Replicas_of_one_partition_that_change_places_between_the_volumes_of_a_node_stay_on_three_nodes()
    {
        var directory = Directory(4, volumesEach: 2);
        Guid[] before = [Volume(1, 1), Volume(2, 1), Volume(3, 1), Volume(4, 1)];
        Guid[] after = [Volume(1, 2), Volume(2, 2), Volume(3, 2), Volume(4, 2)];
        var cluster = new Simulated(directory, Map(directory, before)) { MovesMax = PartitionTable.Partitions };
        cluster.Plan([.. Members(after)]);

        for (var i = 0; i < 40 && !cluster.IsThere; i++)
        {
            cluster.Step();
            AssertThreeNodes(cluster.Map);
            cluster.Confirm();
            cluster.CompareAll();
        }

        Assert.True(cluster.IsThere);
        cluster.Step();
        Assert.Equal(after.Order(), cluster.Map.Volumes.Select(v => v.VolumeId).Order());
    }

    internal static void AssertThreeNodes(ClusterMap map)
    {
        for (var partition = 0; partition < PartitionTable.Partitions; partition++)
        {
            var nodes = map.ReplicasOf(partition).Owners.Select(o => o.NodeId).Distinct().Count();
            if (nodes != 3)
            {
                Assert.Fail($"Partition {partition} is on {nodes} nodes in map {map.Version}.");
            }
        }
    }

    /// <summary>The first three of six are away for good.</summary>
    /// <returns>And the partitions that only they had.</returns>
    private static (Simulated Cluster, List<int> Lost) ThreeOfSixGivenUp()
    {
        var directory = Directory(6);
        Guid[] six = [.. Enumerable.Range(1, 6).Select(n => Volume(n))];
        var cluster = new Simulated(directory, Map(directory, six)) { MovesMax = PartitionTable.Partitions };
        Guid[] away = [Node(1), Node(2), Node(3)];
        cluster.Down.UnionWith(away);
        cluster.CutOff.UnionWith(away);
        cluster.Step();
        var lost = LastCopies.UnavailableIn(cluster.Map).SelectMany(group => group.Partitions).ToList();
        Assert.NotEmpty(lost);
        cluster.Plan([
            .. Members(six).Select((m, i) => i < away.Length ? m with { IsReplaced = true, IsLost = true } : m),
        ]);
        return (cluster, lost);
    }

    private static void Settle(Simulated cluster)
    {
        while (cluster.Step())
        {
            cluster.Confirm();
            cluster.CompareAll();
        }
    }

    private static Simulated OfThree(int movesMax = 256)
    {
        var directory = Directory(4);
        return new Simulated(directory, Map(directory, Four[..3])) { MovesMax = movesMax };
    }

    private static Simulated AddingTheFourth(int movesMax)
    {
        var cluster = OfThree(movesMax);
        cluster.Plan([.. Members(Four)]);
        return cluster;
    }

    private static (Simulated Cluster, ReplicaMove Move) OneMove()
    {
        var cluster = AddingTheFourth(movesMax: 1);
        cluster.Step();
        return (cluster, Assert.Single(cluster.Map.Moves));
    }
}
