using FileSharing.Cluster.Hosting;

namespace FileSharing.UnitTests.Cluster;

public sealed class LargeBlockMemoryPoolTests
{
    [Fact]
    public void A_server_that_asks_for_a_small_block_is_given_a_large_one()
    {
        using var pool = new LargeBlockMemoryPoolFactory().Create();
        using var block = pool.Rent(4096);
        Assert.Equal(LargeBlockMemoryPool.BlockBytes, block.Memory.Length);
    }

    [Fact]
    public void A_block_given_back_is_used_again_by_the_next_server()
    {
        var factory = new LargeBlockMemoryPoolFactory();
        var (first, second) = (factory.Create(), factory.Create());
        var rented = first.Rent(1);
        rented.Memory.Span[0] = 0xA5;
        rented.Dispose();
        first.Dispose();

        using var again = second.Rent(1);
        Assert.Equal(0xA5, again.Memory.Span[0]);
    }
}
