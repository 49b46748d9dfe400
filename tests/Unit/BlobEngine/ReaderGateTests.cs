using FileSharing.BlobEngine;

namespace FileSharing.UnitTests.BlobEngine;

public sealed class ReaderGateTests
{
    private readonly ReaderGate gate = new();

    [Fact]
    public async Task The_wait_ends_when_the_last_earlier_reader_has_left_and_later_ones_do_not_hold_it_up()
    {
        var first = gate.Enter();
        var second = gate.Enter();
        var waiting = gate.WaitForReadersAsync(CancellationToken.None);
        using var later = gate.Enter();
        first.Dispose();
        await Task.Delay(50);
        Assert.False(waiting.IsCompleted);

        second.Dispose();
        await waiting.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_reader_from_before_a_wait_that_was_cut_off_is_waited_for_by_the_next()
    {
        var reader = gate.Enter();
        using (var cut = new CancellationTokenSource(20))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gate.WaitForReadersAsync(cut.Token));
        }

        var waiting = gate.WaitForReadersAsync(CancellationToken.None);
        await Task.Delay(50);
        Assert.False(waiting.IsCompleted);
        reader.Dispose();
        await waiting.WaitAsync(TimeSpan.FromSeconds(10));
    }
}
