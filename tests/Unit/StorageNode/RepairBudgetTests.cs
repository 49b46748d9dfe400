using FileSharing.StorageNode.Membership;
using FileSharing.StorageNode.Repair;

namespace FileSharing.UnitTests.StorageNode;

public sealed class RepairBudgetTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly SettableTime time = new(DateTimeOffset.UnixEpoch);
    private RepairPace pace = new(long.MaxValue, 1);

    [Fact]
    public async Task After_work_it_rests_until_the_work_was_no_more_than_its_share_of_the_time()
    {
        pace = pace with { Share = 0.25 };
        var budget = new RepairBudget(() => pace, time);
        await WorkAsync(budget, TimeSpan.FromMilliseconds(100));

        var next = budget.BeginAsync(1, CancellationToken.None);
        time.Now += TimeSpan.FromMilliseconds(299);
        await Assert.ThrowsAsync<TimeoutException>(() => next.WaitAsync(TimeSpan.FromMilliseconds(700)));
        time.Now += TimeSpan.FromMilliseconds(1);

        await next.WaitAsync(Patience);
    }

    [Fact]
    public async Task Works_that_overlap_cost_their_time_once()
    {
        pace = pace with { Share = 0.5 };
        var budget = new RepairBudget(() => pace, time);
        // A clock that stands still pays for nothing: what was saved up does.
        time.Now += TimeSpan.FromSeconds(1);
        var works = new List<RepairWork>();
        for (var i = 0; i < 10; i++)
        {
            works.Add(await budget.BeginAsync(1, CancellationToken.None));
        }

        time.Now += TimeSpan.FromMilliseconds(100);
        works.ForEach(work => work.Dispose());
        time.Now += TimeSpan.FromMilliseconds(100);

        Assert.True(budget.BeginAsync(1, CancellationToken.None).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task With_a_share_of_all_it_never_rests()
    {
        var budget = new RepairBudget(() => pace, time);
        await WorkAsync(budget, TimeSpan.FromHours(1));

        Assert.True(budget.BeginAsync(1, CancellationToken.None).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_share_that_is_raised_ends_the_rest_of_who_waits()
    {
        pace = pace with { Share = 0.0001 };
        var budget = new RepairBudget(() => pace, time);
        await WorkAsync(budget, TimeSpan.FromMinutes(1));
        var next = budget.BeginAsync(1, CancellationToken.None);

        pace = pace with { Share = 1 };

        await next.WaitAsync(Patience);
    }

    [Fact]
    public async Task Bytes_beyond_the_budget_wait_for_their_second()
    {
        pace = pace with { BytesPerSecond = 10_000 };
        var budget = new RepairBudget(() => pace, time);
        time.Now += TimeSpan.FromMinutes(1);
        (await budget.BeginAsync(6_000, CancellationToken.None)).Dispose();

        // A tenth of a second had been saved up.
        var next = budget.BeginAsync(1, CancellationToken.None);
        time.Now += TimeSpan.FromMilliseconds(499);
        await Assert.ThrowsAsync<TimeoutException>(() => next.WaitAsync(TimeSpan.FromMilliseconds(700)));
        time.Now += TimeSpan.FromMilliseconds(1);

        await next.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_budget_that_is_raised_ends_the_wait()
    {
        pace = pace with { BytesPerSecond = 1 };
        var budget = new RepairBudget(() => pace, time);
        (await budget.BeginAsync(1 << 20, CancellationToken.None)).Dispose();
        var next = budget.BeginAsync(1, CancellationToken.None);

        pace = pace with { BytesPerSecond = 1 << 30 };
        time.Now += TimeSpan.FromSeconds(1);

        await next.WaitAsync(Patience);
    }

    private async Task WorkAsync(RepairBudget budget, TimeSpan duration)
    {
        using var work = await budget.BeginAsync(1, CancellationToken.None);
        time.Now += duration;
    }
}
