using FileSharing.Api;
using FileSharing.Api.Placement;
using FileSharing.Cluster.Map;
using FileSharing.Metadata;
using static FileSharing.UnitTests.Api.Placement.TestCluster;

namespace FileSharing.UnitTests.Api.Placement;

public sealed class LayoutPlanTests
{
    private static readonly Guid[] Four = [Volume(1), Volume(2), Volume(3), Volume(4)];

    private readonly VolumeDirectory directory = Directory(6);

    [Fact]
    public void A_fourth_volume_of_equal_weight_gets_a_quarter_and_no_more_than_that_moves()
    {
        var plan = LayoutPlan.Make(Map(directory, Four[..3]), Members(Four), 1, directory);

        Assert.Equal(Four, plan.Volumes);
        Assert.All(plan.After, count => Assert.Equal(PartitionTable.Partitions * 3 / 4, count));
        Assert.Equal(PartitionTable.Partitions * 3 / 4, plan.Minimum);
        Assert.Equal(plan.Minimum, plan.Change.Moves.Count);
        Assert.Equal([0, 0, 0, plan.Minimum], plan.Change.Gains);
    }

    [Fact]
    public void A_volume_that_leaves_is_listed_with_what_it_gives_away()
    {
        var plan = LayoutPlan.Make(Map(directory, Four), Members(Four[1..]), 1, directory);

        Assert.Equal([.. Four[1..], Four[0]], plan.Volumes);
        Assert.Equal(0, plan.After[3]);
        Assert.Equal(plan.Before[3], plan.Change.Losses[3]);
        Assert.All(plan.Table.CountsOf(plan.Members.Count), count => Assert.Equal(PartitionTable.Partitions, count));
    }

    [Fact]
    public void A_plan_is_named_by_what_it_does()
    {
        var map = Map(directory, Four[..3]);
        var plan = LayoutPlan.Make(map, Members(Four), 1, directory);

        Assert.Equal(plan.Id, LayoutPlan.Make(map, Members(Four), 1, directory).Id);
        Assert.NotEqual(plan.Id, LayoutPlan.Make(map, Members(Four), 2, directory).Id);
        Assert.NotEqual(plan.Id, LayoutPlan.Make(map, Members([.. Four[..3], Volume(5)]), 1, directory).Id);
        var heavier = Members(Four);
        heavier[3] = heavier[3] with { Weight = 2 };
        Assert.NotEqual(plan.Id, LayoutPlan.Make(map, heavier, 1, directory).Id);
    }

    [Fact]
    public void What_is_only_being_copied_does_not_count_as_there_so_that_to_go_back_moves_nothing()
    {
        var cluster = new Simulated(directory, Map(directory, Four[..3]));
        cluster.Plan([.. Members(Four)]);
        cluster.Step();
        Assert.Equal(256, cluster.Map.Moves.Count);

        Assert.Empty(LayoutPlan.Make(cluster.Map, Members(Four[..3]), 1, directory).Change.Moves);
    }

    [Fact]
    public void Fewer_than_three_nodes_are_refused()
    {
        var map = Map(directory, Four[..3]);

        Assert.Contains("2 would remain", Refusal(map, Members(Four[..2])).Message, StringComparison.Ordinal);
        var drained = Members(Four[..3]);
        drained[0] = drained[0] with { Weight = 0 };
        Refusal(map, drained);
    }

    [Fact]
    public void The_last_volume_that_can_be_reached_with_something_is_not_taken_out()
    {
        var cluster = new Simulated(directory, Map(directory, Four));
        cluster.Down.Add(Node(1));
        cluster.Down.Add(Node(2));
        cluster.Step();
        var map = cluster.Map;

        var refusal = Refusal(map, Members([Volume(1), Volume(2), Volume(4), Volume(5)]));

        Assert.Contains("volume 3/1 holds the only copy", refusal.Message, StringComparison.Ordinal);
        LayoutPlan.Make(map, Members([Volume(2), Volume(3), Volume(4), Volume(5)]), 1, directory);
    }

    [Fact]
    public void Taking_out_a_volume_of_partitions_that_are_all_away_names_them_and_needs_the_loss_to_be_accepted()
    {
        var cluster = new Simulated(directory, Map(directory, [.. Four, Volume(5)]));
        cluster.Down.UnionWith([Node(1), Node(2), Node(3)]);
        cluster.Step();
        var map = cluster.Map;
        var unavailable = Assert.Single(LastCopies.UnavailableIn(map));
        Assert.Equal([Volume(1), Volume(2), Volume(3)], unavailable.Owners);
        var members = Members([.. Four, Volume(5)]);

        var refusal = Refusal(map, Replaced(isLost: false));

        Assert.Contains(
            $"All copies of {unavailable.Partitions.Count} partitions ({unavailable.Partitions[0]}, ",
            refusal.Message,
            StringComparison.Ordinal
        );
        Assert.Contains("down: 1/1, 2/1, 3/1.", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("accept-loss", refusal.Message, StringComparison.Ordinal);
        var lost = LayoutPlan.Make(map, Replaced(isLost: true), 1, directory);
        Assert.Equal(0, lost.After[0]);
        Assert.NotEqual(
            lost.Id,
            LayoutPlan.Make(Map(directory, [.. Four, Volume(5)]), Replaced(isLost: false), 1, directory).Id
        );

        List<LayoutMember> Replaced(bool isLost) =>
            [members[0] with { IsReplaced = true, IsLost = isLost }, .. members[1..], new LayoutMember(Volume(6), 1)];
    }

    [Fact]
    public void A_plan_says_how_many_bytes_each_volume_fetches()
    {
        var map = Map(directory, Four[..3]);
        var bytes = new PartitionBytes(map, []);
        var plan = LayoutPlan.Make(map, Members(Four), 1, directory);

        Assert.All(plan.BytesIn(bytes), into => Assert.Equal(0, into));
    }

    private ApiException Refusal(ClusterMap map, IReadOnlyList<LayoutMember> members)
    {
        var refusal = Assert.Throws<ApiException>(() => LayoutPlan.Make(map, members, 1, directory));
        Assert.Equal(ApiError.LayoutRefused, refusal.Error);
        return refusal;
    }
}
