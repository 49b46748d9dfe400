using FileSharing.Api.Placement;
using FileSharing.Metadata;

namespace FileSharing.UnitTests.Api.Placement;

public sealed class PresenceTests
{
    private static readonly TimeSpan DownAfter = TimeSpan.FromSeconds(10);

    private readonly SettableTime time = new(DateTimeOffset.UnixEpoch);
    private readonly Presence presence;
    private readonly Dictionary<int, DateTime> seen = [];

    public PresenceTests() => presence = new Presence(DownAfter, time);

    [Fact]
    public void Silence_is_counted_while_this_process_looks_and_ends_with_a_heartbeat()
    {
        Look(1, 2);
        Run(seconds: 12, alive: [1]);

        Assert.Equal((TimeSpan.Zero, true), Of(1));
        Assert.Equal((TimeSpan.FromSeconds(12), false), Of(2));

        Run(seconds: 1, alive: [1, 2]);
        Assert.Equal((TimeSpan.Zero, true), Of(2));
    }

    [Fact]
    public void A_process_that_has_just_begun_to_look_knows_nothing_of_anybody()
    {
        Look(1);

        Assert.Equal((TimeSpan.Zero, false), Of(1));
    }

    [Fact]
    public void After_a_gap_in_looking_everybody_gets_the_whole_time_again()
    {
        Look(1, 2);
        Run(seconds: 9, alive: [1]);

        time.Now += TimeSpan.FromSeconds(60);
        Look(1, 2);

        Assert.Equal((TimeSpan.Zero, false), Of(2));
        Run(seconds: 9, alive: [1]);
        Assert.True(presence.OfVolume(TestCluster.Volume(2)).For < DownAfter);
    }

    [Fact]
    public void A_volume_that_is_not_open_on_a_node_which_is_heard_of_is_not_waited_for()
    {
        var patience = TimeSpan.FromMinutes(7.5);
        var (open, lost) = (TestCluster.Volume(1), Guid.NewGuid());
        for (var second = 0; second <= 25; second++)
        {
            time.Now += TimeSpan.FromSeconds(1);
            var now = time.Now.UtcDateTime;
            presence.Look(
                new Beats(
                    [new NodeBeat { NodeId = TestCluster.Node(1), SeenAt = now }],
                    [
                        new VolumeBeat
                        {
                            VolumeId = open,
                            NodeId = TestCluster.Node(1),
                            SeenAt = now,
                        },
                        new VolumeBeat
                        {
                            VolumeId = lost,
                            NodeId = TestCluster.Node(1),
                            SeenAt = DateTime.UnixEpoch,
                        },
                    ]
                )
            );

            Assert.Equal(second >= 20, presence.IsGone(lost, TestCluster.Node(1), patience));
            Assert.False(presence.IsGone(open, TestCluster.Node(1), patience));
        }
    }

    [Fact]
    public void A_volume_of_a_silent_node_is_waited_for_until_the_node_has_stopped_by_itself()
    {
        var patience = TimeSpan.FromSeconds(60);
        Look(1, 2);
        Run(seconds: 50, alive: [1]);
        Assert.False(presence.IsGone(TestCluster.Volume(2), TestCluster.Node(2), patience));

        Run(seconds: 11, alive: [1]);
        Assert.True(presence.IsGone(TestCluster.Volume(2), TestCluster.Node(2), patience));
    }

    [Fact]
    public void A_short_gap_counts_as_two_seconds_at_most()
    {
        Look(1, 2);
        Run(seconds: 3, alive: [1]);

        time.Now += TimeSpan.FromSeconds(9);
        Look(1, 2);

        Assert.Equal(TimeSpan.FromSeconds(5), Of(2).For);
    }

    [Fact]
    public void When_all_are_silent_it_is_this_side_and_those_who_come_back_late_get_their_time()
    {
        Look(1, 2, 3);
        Run(seconds: 15, alive: []);
        Assert.True(presence.IsDeaf);

        Run(seconds: 1, alive: [1]);

        Assert.False(presence.IsDeaf);
        Assert.Equal((TimeSpan.Zero, false), Of(2));
    }

    [Fact]
    public void A_heartbeat_of_a_clock_that_was_set_back_is_one()
    {
        Look(1, 2);
        Run(seconds: 3, alive: [1]);
        seen[2] = DateTime.UnixEpoch - TimeSpan.FromHours(1);
        Look(1, 2);

        Assert.Equal((TimeSpan.Zero, true), Of(2));
    }

    private (TimeSpan For, bool IsHeard) Of(int node)
    {
        var silence = presence.OfVolume(TestCluster.Volume(node));
        Assert.Equal(silence, presence.OfNode(TestCluster.Node(node)));
        return (silence.For, silence.IsHeard);
    }

    private void Run(int seconds, int[] alive)
    {
        for (var i = 0; i < seconds; i++)
        {
            time.Now += TimeSpan.FromSeconds(1);
            foreach (var node in alive)
            {
                seen[node] = time.Now.UtcDateTime;
            }

            Look([.. seen.Keys]);
        }
    }

    private void Look(params int[] nodes)
    {
        foreach (var node in nodes)
        {
            seen.TryAdd(node, DateTime.UnixEpoch);
        }

        presence.Look(
            new Beats(
                [.. seen.Select(n => new NodeBeat { NodeId = TestCluster.Node(n.Key), SeenAt = n.Value })],
                [
                    .. seen.Select(n => new VolumeBeat
                    {
                        VolumeId = TestCluster.Volume(n.Key),
                        NodeId = TestCluster.Node(n.Key),
                        SeenAt = n.Value,
                    }),
                ]
            )
        );
    }
}
