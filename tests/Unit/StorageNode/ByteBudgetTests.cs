using FileSharing.StorageNode;

namespace FileSharing.UnitTests.StorageNode;

public sealed class ByteBudgetTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ByteBudget budget = new(100, TimeProvider.System);

    [Fact]
    public async Task What_is_given_back_goes_to_the_first_in_line_even_when_a_smaller_request_waits_behind()
    {
        var first = await budget.ReserveAsync(80, Patience, CancellationToken.None);
        var large = budget.ReserveAsync(90, Patience, CancellationToken.None).AsTask();
        var small = budget.ReserveAsync(10, Patience, CancellationToken.None).AsTask();
        Assert.False(large.IsCompleted);
        Assert.False(small.IsCompleted);

        first!.Dispose();

        Assert.NotNull(await large);
        Assert.NotNull(await small);
        Assert.Equal(100, budget.Used);
    }

    [Fact]
    public async Task Impatience_ends_in_null_and_leaves_nothing_reserved()
    {
        var all = await budget.ReserveAsync(100, Patience, CancellationToken.None);

        Assert.Null(await budget.ReserveAsync(1, TimeSpan.FromMilliseconds(20), CancellationToken.None));
        all!.Dispose();

        Assert.Equal(0, budget.Used);
    }

    [Fact]
    public async Task A_cancelled_request_lets_those_behind_it_pass()
    {
        var most = await budget.ReserveAsync(60, Patience, CancellationToken.None);
        using var cancel = new CancellationTokenSource();
        var large = budget.ReserveAsync(90, Patience, cancel.Token).AsTask();
        var small = budget.ReserveAsync(30, Patience, CancellationToken.None).AsTask();

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
        Assert.NotNull(await small);
        most!.Dispose();
        Assert.Equal(30, budget.Used);
    }

    [Fact]
    public async Task A_request_larger_than_the_budget_gets_all_of_it_alone()
    {
        using var huge = await budget.ReserveAsync(1_000, Patience, CancellationToken.None);

        Assert.NotNull(huge);
        Assert.Equal(100, budget.Used);
    }

    [Fact]
    public async Task Giving_back_twice_counts_once()
    {
        var reservation = await budget.ReserveAsync(40, Patience, CancellationToken.None);
        reservation!.Dispose();
        reservation.Dispose();

        Assert.Equal(0, budget.Used);
    }
}
