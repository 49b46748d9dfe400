using FileSharing.Chunks;
using FileSharing.Cluster;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Reading;
using FileSharing.Cluster.Transport;
using FileSharing.UnitTests.StorageNode;
using Microsoft.Extensions.Logging.Abstractions;

namespace FileSharing.UnitTests.Cluster;

public sealed class ReplicaReaderTests
{
    private static readonly ChunkId Id = ChunkId.OfChunk([1, 2, 3]);
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    private readonly PeerHealth health = new(TimeProvider.System, new Random(1), NullLogger<PeerHealth>.Instance);
    private readonly CountedBuffers buffers = new();
    private readonly MapHolder map = new();
    private readonly List<int> asked = [];
    private readonly IReadOnlyList<MapVolume> owners;

    public ReplicaReaderTests()
    {
        var nodes = Enumerable
            .Range(0, 3)
            .Select(i => new MapNode(Guid.NewGuid(), $"{i}", Nowhere, $"zone-{i}"))
            .ToList();
        map.Offer(
            ClusterMap.Build(
                1,
                Guid.NewGuid(),
                nodes,
                [.. nodes.Select(n => new MapVolume(Guid.NewGuid(), n.NodeId, 1))]
            )
        );
        owners = map.Required.OwnersOf(Id);
    }

    private static Uri Nowhere { get; } = new("http://127.0.0.1:9");

    [Fact]
    public async Task After_an_error_a_damaged_copy_or_bytes_that_fail_their_checksum_the_next_owner_is_asked_at_once()
    {
        var reader = Reader(
            (_, _) => Task.FromResult(new FetchResult(FetchOutcome.Unreachable)),
            (_, _) => Task.FromResult(Found(isIntact: false)),
            (_, _) => Task.FromResult(Found())
        );

        using var record = await ReadAsync(reader);

        Assert.Equal(1, record.Record.Span[0]);
        Assert.Equal([0, 1, 2], asked);
        Assert.Equal(0, reader.Hedged);
        Assert.Equal(1, buffers.Out);
    }

    [Theory]
    [InlineData(FetchOutcome.Unreachable)]
    [InlineData(FetchOutcome.Damaged)]
    public async Task Not_found_is_never_said_while_one_owner_may_have_it(FetchOutcome outcome)
    {
        for (var i = 0; i < 3; i++)
        {
            var unsure = i;
            var reader = Reader(
                (owner, _) => Task.FromResult(new FetchResult(owner == unsure ? outcome : FetchOutcome.Absent))
            );

            await Assert.ThrowsAsync<ChunkUnavailableException>(() => ReadAsync(reader));
        }
    }

    [Fact]
    public async Task Not_found_is_said_when_every_owner_has_said_so_even_the_slow_one()
    {
        var slow = new TaskCompletionSource<FetchResult>();
        var reader = Reader(
            (_, _) => slow.Task,
            (_, _) => Task.FromResult(new FetchResult(FetchOutcome.Absent)),
            (_, _) => Task.FromResult(new FetchResult(FetchOutcome.Absent))
        );

        var reading = ReadAsync(reader);
        await NodeCluster.EventuallyAsync(() => asked.Count == 3, "the others have been asked");
        Assert.False(reading.IsCompleted);
        slow.SetResult(new FetchResult(FetchOutcome.Absent));

        await Assert.ThrowsAsync<ChunkMissingException>(() => reading);
    }

    [Fact]
    public async Task An_answer_that_comes_too_late_and_does_not_heed_its_cancellation_gives_its_memory_back()
    {
        var late = new TaskCompletionSource<FetchResult>();
        var wasCancelled = false;
        var reader = Reader(
            (_, cancellation) =>
            {
                cancellation.Register(() => wasCancelled = true);
                return late.Task;
            },
            (_, _) => Task.FromResult(Found())
        );

        using (await ReadAsync(reader))
        {
            Assert.Equal((1, 1), (reader.Hedged, reader.HedgesWon));
        }

        late.SetResult(Found());
        await NodeCluster.EventuallyAsync(() => buffers.Out == 0, "the late record is given back");
        Assert.True(wasCancelled);
        Assert.Equal(2, buffers.Given);
    }

    [Fact]
    public async Task A_reader_that_goes_away_takes_its_questions_with_it()
    {
        using var leaving = new CancellationTokenSource();
        var reader = Reader(
            async (_, cancellation) =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
                return Found();
            }
        );
        var reading = reader.ReadAsync(Id, _ => false, leaving.Token).AsTask();
        await NodeCluster.EventuallyAsync(() => asked.Count == 3, "all have been asked");

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(Soon));
        Assert.Equal(0, buffers.Given);
    }

    [Fact]
    public async Task An_owner_that_failed_lately_is_asked_last()
    {
        using (var call = health.TryBegin(owners[0].NodeId))
        {
            call!.Failed();
        }

        (await ReadAsync(Reader((_, _) => Task.FromResult(Found())))).Dispose();

        Assert.Equal([1], asked);
    }

    [Fact]
    public void Of_owners_that_are_about_as_quick_the_one_in_the_own_zone_comes_first_and_a_slow_one_last()
    {
        var time = new SettableTime(DateTimeOffset.UnixEpoch);
        var order = new OwnerOrder(health, owners[2].NodeId, time);
        Answer(owners[0], TimeSpan.FromMilliseconds(1));
        Answer(owners[1], TimeSpan.FromMilliseconds(100));
        Answer(owners[2], TimeSpan.FromMilliseconds(6));

        Assert.Equal([owners[2], owners[0], owners[1]], order.Sort(map.Required, Id, _ => false));

        Answer(owners[2], TimeSpan.FromMilliseconds(400));
        Assert.Equal([owners[0], owners[2], owners[1]], order.Sort(map.Required, Id, _ => false));

        time.Now += TimeSpan.FromMinutes(1);
        Assert.Equal([owners[2], owners[0], owners[1]], order.Sort(map.Required, Id, _ => false));

        void Answer(MapVolume owner, TimeSpan took)
        {
            using var wait = order.Of(owner).Begin();
            time.Now += took;
            wait.Answered();
        }
    }

    [Fact]
    public void A_second_question_is_due_after_the_p95_of_the_quickest_owner_within_its_bounds()
    {
        var time = new SettableTime(DateTimeOffset.UnixEpoch);
        var order = new OwnerOrder(health, Guid.NewGuid(), time);
        Assert.Equal(OwnerOrder.HedgeDelayDefault, order.HedgeDelay(owners));

        Answer(owners[0], count: 100, milliseconds: 5_000);
        Assert.Equal(OwnerOrder.HedgeDelayMax, order.HedgeDelay(owners));

        Answer(owners[1], count: 94, milliseconds: 10);
        Answer(owners[1], count: 6, milliseconds: 80);
        Assert.InRange(order.HedgeDelay(owners).TotalMilliseconds, 80, 96);

        Answer(owners[2], count: 100, milliseconds: 1);
        Assert.Equal(OwnerOrder.HedgeDelayMin, order.HedgeDelay(owners));

        time.Now += TimeSpan.FromMinutes(10);
        Assert.Equal(OwnerOrder.HedgeDelayDefault, order.HedgeDelay(owners));

        void Answer(MapVolume owner, int count, int milliseconds)
        {
            for (var i = 0; i < count; i++)
            {
                var begun = time.Now;
                using var wait = order.Of(owner).Begin();
                time.Now += TimeSpan.FromMilliseconds(milliseconds);
                wait.Answered();
                time.Now = begun;
            }
        }
    }

    private Task<RecordLease> ReadAsync(ReplicaReader reader) =>
        reader.ReadAsync(Id, _ => false, CancellationToken.None).AsTask().WaitAsync(Soon);

    private FetchResult Found(bool isIntact = true)
    {
        var buffer = buffers.Rent(1);
        buffer.Memory.Span[0] = isIntact ? (byte)1 : (byte)0;
        return new FetchResult(FetchOutcome.Found, new RecordLease(buffer, 1));
    }

    /// <param name="answers">Of the owners in the order of the map; the last one stands for the rest.</param>
    private ReplicaReader Reader(params Func<int, CancellationToken, Task<FetchResult>>[] answers) =>
        new(
            map,
            new ScriptedTransport
            {
                Get = (owner, cancellation) =>
                {
                    var at = owners.ToList().IndexOf(owner);
                    asked.Add(at);
                    return answers[Math.Min(at, answers.Length - 1)](at, cancellation);
                },
            },
            health,
            Guid.NewGuid(),
            (_, record) => record.Span[0] == 1,
            TimeProvider.System,
            NullLogger<ReplicaReader>.Instance
        );
}
