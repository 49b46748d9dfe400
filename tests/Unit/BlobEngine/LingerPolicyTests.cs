using FileSharing.BlobEngine;

namespace FileSharing.UnitTests.BlobEngine;

public class LingerPolicyTests
{
    private const int Small = 4 << 10;
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(0.3);

    private readonly SettableTime time = new(DateTimeOffset.UnixEpoch);
    private readonly LingerPolicy linger;

    public LingerPolicyTests() => linger = new LingerPolicy(Longest, time);

    [Fact]
    public void A_batch_waits_for_the_writers_that_were_inside_when_the_last_one_ended()
    {
        linger.Expect(4);
        linger.Begin();
        Assert.True(linger.IsWorthwhile(3, Small, isMoreAnnounced: false));
        Assert.False(linger.IsWorthwhile(4, Small, isMoreAnnounced: false));
        Assert.True(linger.IsWorthwhile(4, Small, isMoreAnnounced: true));
    }

    [Fact]
    public void A_lone_writer_never_waits()
    {
        linger.Expect(1);
        linger.Begin();
        Assert.False(linger.IsWorthwhile(1, Small, isMoreAnnounced: false));
    }

    [Fact]
    public void The_wait_ends_when_its_time_is_over_or_the_batch_is_large()
    {
        linger.Expect(4);
        linger.Begin();
        Assert.False(linger.IsWorthwhile(1, 1 << 20, isMoreAnnounced: true));
        time.Now += Longest;
        Assert.False(linger.IsWorthwhile(1, Small, isMoreAnnounced: true));
    }

    [Fact]
    public void Waits_in_vain_become_rarer_and_one_that_pays_brings_them_back()
    {
        linger.Expect(4);
        var waits = Enumerable.Range(0, 200).Count(_ => Waits(arriving: 1));
        Assert.InRange(waits, 2, 10);
        while (!Waits(arriving: 4)) { }

        Assert.All(Enumerable.Range(0, 10), _ => Assert.True(Waits(arriving: 4)));
    }

    private bool Waits(int arriving)
    {
        linger.Begin();
        var waits = linger.IsWorthwhile(arriving - 1, Small, isMoreAnnounced: false);
        linger.End(arriving, Small);
        return waits;
    }
}
