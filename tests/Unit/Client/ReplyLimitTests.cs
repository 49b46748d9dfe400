using System.Diagnostics;
using FileSharing.Client;
using Xunit;

namespace FileSharing.UnitTests.Client;

public sealed class ReplyLimitTests
{
    private static readonly TimeSpan Answer = TimeSpan.FromSeconds(1);
    private static readonly Patience Brief = new(Answer, Answer, IsRenewed: true);

    [Fact]
    public async Task A_body_that_goes_out_slowly_has_its_time_and_the_answer_as_long_again()
    {
        using var limit = new ReplyLimit(Brief, TimeProvider.System);
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < 2 * Answer)
        {
            await Task.Delay(Answer / 8);
            limit.Renew();
        }

        var sent = clock.Elapsed;
        await Cancelled(limit);
        Assert.True(clock.Elapsed >= sent + sent, $"sent in {sent}, given up after {clock.Elapsed}");
    }

    [Fact]
    public async Task A_body_that_stops_going_out_ends_the_wait()
    {
        using var limit = new ReplyLimit(Brief, TimeProvider.System);
        limit.Renew();

        await Cancelled(limit);
    }

    [Fact]
    public async Task With_all_the_time_nothing_prolongs_it()
    {
        using var limit = new ReplyLimit(Brief with { IsRenewed = false }, TimeProvider.System);
        var clock = Stopwatch.StartNew();
        while (!limit.Token.IsCancellationRequested)
        {
            Assert.True(clock.Elapsed < 20 * Answer, "It is not given up.");
            limit.Renew();
            await Task.Delay(Answer / 8);
        }
    }

    [Fact]
    public void Bytes_that_go_out_after_the_answer_change_nothing()
    {
        var limit = new ReplyLimit(Brief, TimeProvider.System);
        limit.Dispose();

        limit.Renew();
    }

    private static Task Cancelled(ReplyLimit limit) =>
        Task.Delay(TimeSpan.FromSeconds(60), limit.Token)
            .ContinueWith(wait => Assert.True(wait.IsCanceled, "It was not given up."), TaskScheduler.Default);
}
