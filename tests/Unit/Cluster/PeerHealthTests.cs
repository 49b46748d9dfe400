using FileSharing.Cluster.Transport;
using Microsoft.Extensions.Logging.Abstractions;

namespace FileSharing.UnitTests.Cluster;

public sealed class PeerHealthTests
{
    private static readonly TimeSpan LongestPause = PeerHealth.PauseMax * 1.25;

    private readonly Guid node = Guid.NewGuid();
    private readonly SettableTime time = new(DateTimeOffset.UnixEpoch);
    private readonly PeerHealth health;

    public PeerHealthTests() => health = new PeerHealth(time, new Random(1), NullLogger<PeerHealth>.Instance);

    [Fact]
    public void Failures_with_a_success_between_them_leave_the_circuit_closed()
    {
        for (var i = 0; i < 10; i++)
        {
            Fail();
            Fail();
            Succeed();
        }

        Assert.True(health.MayCall(node));
    }

    [Fact]
    public void Three_failures_in_a_row_open_the_circuit_for_a_moment_with_jitter()
    {
        var pauses = new HashSet<TimeSpan>();
        for (var i = 0; i < 20; i++)
        {
            Open();
            var opened = time.Now;
            while (!health.MayCall(node))
            {
                time.Now += TimeSpan.FromMilliseconds(1);
            }

            pauses.Add(time.Now - opened);
            Succeed();
        }

        Assert.True(pauses.Count > 5, "The pauses are alike.");
        Assert.All(pauses, pause => Assert.InRange(pause / PeerHealth.PauseMin, 0.74, 1.26));
    }

    [Fact]
    public void After_the_pause_one_call_probes_and_the_others_stay_away_until_it_has_an_outcome()
    {
        Open();
        time.Now += LongestPause;

        using var probe = health.TryBegin(node);
        Assert.NotNull(probe);
        Assert.Null(health.TryBegin(node));
        Assert.False(health.MayCall(node));
        probe.Succeeded();

        Assert.True(health.MayCall(node));
        Assert.False(health.HasFailedLately(node));
    }

    [Fact]
    public void A_probe_that_fails_opens_the_circuit_for_longer_up_to_a_bound()
    {
        Open();
        for (var i = 0; i < 10; i++)
        {
            time.Now += LongestPause;
            Assert.True(health.MayCall(node));
            Fail();
            Assert.False(health.MayCall(node));
        }

        time.Now += PeerHealth.PauseMax * 0.74;
        Assert.False(health.MayCall(node));
    }

    [Fact]
    public void A_probe_that_is_given_up_leaves_room_for_the_next()
    {
        Open();
        time.Now += LongestPause;
        health.TryBegin(node)!.Dispose();

        Assert.True(health.MayCall(node));
    }

    [Fact]
    public void A_failure_is_remembered_for_a_few_seconds_or_until_a_call_succeeds()
    {
        Fail();
        Assert.True(health.HasFailedLately(node));
        Succeed();
        Assert.False(health.HasFailedLately(node));

        Fail();
        time.Now += PeerHealth.FailureMemory;
        Assert.False(health.HasFailedLately(node));
    }

    private void Open()
    {
        for (var i = 0; i < PeerHealth.FailuresMax; i++)
        {
            Fail();
        }

        Assert.False(health.MayCall(node));
    }

    private void Fail()
    {
        using var call = health.TryBegin(node);
        call!.Failed();
    }

    private void Succeed()
    {
        using var call = health.TryBegin(node);
        call!.Succeeded();
    }
}
