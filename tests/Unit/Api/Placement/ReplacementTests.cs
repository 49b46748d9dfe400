using FileSharing.Api.Placement;
using FileSharing.Metadata;

namespace FileSharing.UnitTests.Api.Placement;

public sealed class ReplacementTests
{
    private static readonly TimeSpan DownAfter = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ReplaceAfter = TimeSpan.FromMinutes(15);

    private readonly SettableTime time = new(DateTimeOffset.UnixEpoch);
    private readonly VolumeDirectory directory = TestCluster.Directory(12);
    private readonly Presence presence;

    public ReplacementTests() => presence = new Presence(DownAfter, time);

    [Fact]
    public void One_that_stays_away_is_replaced_when_its_time_is_over_and_not_before()
    {
        Run(ReplaceAfter - TimeSpan.FromSeconds(2), nodes: 4, silent: [4]);
        Assert.Empty(Due(TestCluster.Members(Volumes(4))));

        Run(TimeSpan.FromSeconds(3), nodes: 4, silent: [4]);
        Assert.Equal([(TestCluster.Volume(4), true)], Pairs(Due(TestCluster.Members(Volumes(4)))));
    }

    [Fact]
    public void Two_of_nine_are_more_than_a_fifth_and_two_of_ten_are_not()
    {
        Run(ReplaceAfter + TimeSpan.FromSeconds(5), nodes: 10, silent: [1, 2]);

        Assert.Empty(Due(TestCluster.Members(Volumes(9))));
        Assert.Equal(2, Due(TestCluster.Members(Volumes(10))).Count);
    }

    [Fact]
    public void Volumes_that_are_drained_or_replaced_already_are_left_alone()
    {
        Run(ReplaceAfter + TimeSpan.FromSeconds(5), nodes: 10, silent: [1, 2]);
        List<LayoutMember> members =
        [
            new(TestCluster.Volume(1), 0),
            new(TestCluster.Volume(2), 1, IsReplaced: true),
            .. TestCluster.Members(Volumes(10)[2..]),
        ];

        Assert.Empty(Due(members));
    }

    [Fact]
    public void One_that_was_replaced_comes_back_when_it_is_heard_of()
    {
        List<LayoutMember> members =
        [
            new(TestCluster.Volume(1), 1, IsReplaced: true),
            .. TestCluster.Members(Volumes(4)[1..]),
        ];
        Run(TimeSpan.FromSeconds(5), nodes: 4, silent: [1]);
        Assert.Empty(Due(members));

        Run(TimeSpan.FromSeconds(1), nodes: 4, silent: []);
        Assert.Equal([(TestCluster.Volume(1), false)], Pairs(Due(members)));
    }

    [Fact]
    public void When_everybody_is_silent_nobody_is_replaced()
    {
        Run(ReplaceAfter * 2, nodes: 1, silent: [1]);

        Assert.Empty(Due(TestCluster.Members(TestCluster.Volume(1))));
    }

    private static Guid[] Volumes(int nodes) => [.. Enumerable.Range(1, nodes).Select(n => TestCluster.Volume(n))];

    private static IEnumerable<(Guid, bool)> Pairs(IReadOnlyDictionary<Guid, bool> due) =>
        due.Select(v => (v.Key, v.Value));

    private IReadOnlyDictionary<Guid, bool> Due(IReadOnlyList<LayoutMember> members) =>
        Replacement.Due(members, v => directory.NodeOf(v).NodeId, presence, DownAfter, ReplaceAfter);

    private void Run(TimeSpan span, int nodes, int[] silent)
    {
        for (var end = time.Now + span; time.Now < end; )
        {
            time.Now += TimeSpan.FromSeconds(1);
            DateTime Seen(int node) => silent.Contains(node) ? DateTime.UnixEpoch : time.Now.UtcDateTime;
            var all = Enumerable.Range(1, nodes).ToList();
            presence.Look(
                new Beats(
                    all.ConvertAll(n => new NodeBeat { NodeId = TestCluster.Node(n), SeenAt = Seen(n) }),
                    all.ConvertAll(n => new VolumeBeat { VolumeId = TestCluster.Volume(n), SeenAt = Seen(n) })
                )
            );
        }
    }
}
