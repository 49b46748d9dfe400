using FileSharing.Client.Upload;
using Xunit;

namespace FileSharing.UnitTests.Client;

public sealed class ByteBudgetTests
{
    [Fact]
    public async Task Who_waits_for_much_is_not_overtaken_by_who_wants_little()
    {
        var budget = new ByteBudget(100);
        await budget.TakeAsync(60, default);
        var large = budget.TakeAsync(80, default);

        Assert.False(budget.TryTake(10));
        budget.Give(60);

        await large;
        Assert.True(budget.TryTake(20));
        Assert.False(budget.TryTake(1));
    }

    [Fact]
    public async Task A_cancelled_wait_leaves_the_line_and_keeps_nothing()
    {
        var budget = new ByteBudget(100);
        await budget.TakeAsync(100, default);
        using var stop = new CancellationTokenSource();
        var waiting = budget.TakeAsync(50, stop.Token);
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        budget.Give(100);
        Assert.True(budget.TryTake(100));
    }

    [Fact]
    public async Task More_than_the_capacity_takes_all_of_it()
    {
        var budget = new ByteBudget(10);
        await budget.TakeAsync(50, default);

        Assert.False(budget.TryTake(1));
        budget.Give(50);
        Assert.True(budget.TryTake(10));
    }
}
