using FileSharing.Chunks;
using FileSharing.Cluster;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Wire;
using FileSharing.UnitTests.StorageNode;

namespace FileSharing.UnitTests.Cluster;

public sealed class ReplicaWriterTests
{
    private const int RecordBytes = 1 << 20;
    private static readonly ChunkId Id = ChunkId.OfChunk([1]);

    private readonly CountedBuffers buffers = new();
    private readonly MapHolder map = new();

    public ReplicaWriterTests()
    {
        var nodes = Enumerable
            .Range(0, 3)
            .Select(i => new MapNode(Guid.NewGuid(), $"{i}", new Uri("http://127.0.0.1:9"), "z"))
            .ToList();
        map.Offer(
            ClusterMap.Build(
                1,
                Guid.NewGuid(),
                nodes,
                [.. nodes.Select(n => new MapVolume(Guid.NewGuid(), n.NodeId, 1))]
            )
        );
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_put_returns_with_the_two_quickest_owners_wherever_the_slow_one_stands(int slowPlace)
    {
        var slow = new TaskCompletionSource<RecordStatus>();
        var transport = Owners(slowPlace, _ => slow.Task);
        await using var settlements = new SettleQueue(transport, TimeProvider.System);

        await WriteAsync(transport, settlements, count: 1);

        Assert.Equal(1, buffers.Out);
        slow.SetResult(RecordStatus.Stored);
        await NodeCluster.EventuallyAsync(() => buffers.Out == 0, "the record is given back");
    }

    [Fact]
    public async Task Records_whose_third_copy_hangs_hold_no_more_memory_than_their_bound()
    {
        var transport = Owners(
            0,
            async cutOff =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, cutOff)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return RecordStatus.Unreachable;
            }
        );
        await using var settlements = new SettleQueue(transport, TimeProvider.System);

        await WriteAsync(transport, settlements, count: 100);

        await NodeCluster.EventuallyAsync(() => buffers.Out <= 32, "what is beyond the bound is given back");
        Assert.InRange(buffers.Out, 30, 32);
    }

    private async Task WriteAsync(ScriptedTransport transport, SettleQueue settlements, int count)
    {
        var writer = new ReplicaWriter(map, transport, settlements, _ => Task.CompletedTask);
        for (var i = 0; i < count; i++)
        {
            using var record = new RecordLease(buffers.Rent(RecordBytes), RecordBytes);
            await writer.WriteAsync(Id, record, epoch: 1, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(10));
        }
    }

    /// <summary>The owner in one place does as told, the others store at once.</summary>
    private ScriptedTransport Owners(int place, Func<CancellationToken, Task<RecordStatus>> does) =>
        new()
        {
            Put = (owner, cutOff) =>
                owner == map.Required.OwnersOf(Id)[place] ? does(cutOff) : Task.FromResult(RecordStatus.Stored),
        };
}
