using System.Collections.Concurrent;
using FileSharing.Chunks;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode;
using FileSharing.StorageNode.Membership;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace FileSharing.UnitTests.StorageNode;

/// <summary>What a node does with an API that loses answers, refuses, or answers nonsense.</summary>
public sealed class ApiLinkTests
{
    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public async Task Only_after_a_lost_answer_does_a_node_register_with_this_opening_as_the_previous_one(
        bool isAnswerLost,
        long expectedAdvance
    )
    {
        var attempts = new ConcurrentDictionary<Guid, ConcurrentQueue<RegisterVolume>>();
        await using var api = await ScriptedApi.StartAsync(async context =>
        {
            if (context.Request.Path != "/internal/v1/nodes/register")
            {
                context.Response.StatusCode = StatusCodes.Status304NotModified;
                return;
            }

            var request = (await context.Request.ReadFromJsonAsync(WireJson.Default.RegisterRequest))!;
            var seen = attempts.GetOrAdd(request.NodeId, _ => new ConcurrentQueue<RegisterVolume>());
            seen.Enqueue(request.Volumes[0]);
            if (seen.Count > 1)
            {
                await context.Response.WriteAsJsonAsync(new RegisterReply(null), WireJson.Default.RegisterReply);
            }
            else if (isAnswerLost)
            {
                context.Abort();
            }
            else
            {
                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            }
        });
        await using var cluster = await NodeCluster.StartAsync(settings => settings with { ApiUrl = api.Url });

        await NodeCluster.EventuallyAsync(
            () => attempts.Count == 3 && attempts.Values.All(seen => seen.Count == 2),
            "each node registers twice"
        );

        foreach (var seen in attempts.Values)
        {
            Assert.Equal([1, expectedAdvance], seen.Select(volume => volume.Incarnation - volume.PreviousIncarnation));
        }
    }

    [Fact]
    public async Task An_answer_that_makes_no_sense_is_asked_for_again_and_the_node_stops_cleanly()
    {
        var asked = 0;
        await using var api = await ScriptedApi.StartAsync(async context =>
        {
            Interlocked.Increment(ref asked);
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("nonsense");
        });
        await using (var cluster = await NodeCluster.StartAsync(settings => settings with { ApiUrl = api.Url }))
        {
            await NodeCluster.EventuallyAsync(() => Volatile.Read(ref asked) > 3, "three nodes ask again");
        }
    }

    [Theory]
    [InlineData(Problem.ClockDiffers)]
    [InlineData(Problem.InternalOnly)]
    [InlineData(Problem.NodeRefused)]
    public async Task A_node_whose_calls_are_refused_says_why_in_its_log_once_and_goes_on_asking(string type)
    {
        var asked = 0;
        await using var api = await ScriptedApi.StartAsync(async context =>
        {
            Interlocked.Increment(ref asked);
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            await context.Response.WriteAsJsonAsync(
                new Problem(type, "Forbidden", 403, "Set the clock.", null),
                WireJson.Default.Problem,
                Problem.MediaType
            );
        });
        using var lines = new LogLines();
        await using var cluster = await NodeCluster.StartAsync(
            settings => settings with { ApiUrl = api.Url },
            lines: lines
        );

        await NodeCluster.EventuallyAsync(() => Volatile.Read(ref asked) > 9, "each node asks again and again");

        var told = lines.All.Where(line => line.Contains("Set the clock.", StringComparison.Ordinal));
        Assert.Equal(3, told.Count());
    }

    [Fact]
    public async Task A_batch_that_the_api_refuses_for_good_is_dropped_and_the_next_one_arrives()
    {
        var refused = Guid.NewGuid();
        var arrived = new ConcurrentQueue<Guid>();
        await using var api = await ScriptedApi.StartAsync(async context =>
        {
            var batch = (await context.Request.ReadFromJsonAsync(WireJson.Default.NotificationBatch))!;
            var upload = batch.Items[0].UploadId;
            arrived.Enqueue(upload);
            context.Response.StatusCode =
                upload == refused ? StatusCodes.Status400BadRequest : StatusCodes.Status204NoContent;
        });
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        await using var queue = new NotificationQueue(
            new ApiClient(http, api.Url),
            TimeProvider.System,
            NullLogger<NotificationQueue>.Instance
        );
        var chunk = new ChunkSize(ChunkId.OfChunk([1]), 1);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));

        queue.Add(new Notification(refused, 0, [chunk]));
        await queue.FlushAsync(patience.Token);
        var next = Guid.NewGuid();
        queue.Add(new Notification(next, 0, [chunk]));
        await queue.FlushAsync(patience.Token);

        Assert.Equal([refused, next], arrived);
    }
}
