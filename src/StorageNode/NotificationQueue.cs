using System.Net;
using System.Threading.Channels;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Membership;
using Microsoft.Extensions.Logging;

namespace FileSharing.StorageNode;

/// <summary>
/// Tells the API in batches which chunks have become durable under which session, at least once each. It carries progress and resume; what a crash
/// loses of it, and what the API refuses, the client's receipts or a repeated put make good.
/// </summary>
internal sealed class NotificationQueue : IAsyncDisposable
{
    /// <summary>Waiting notifications; beyond, new ones are dropped and the client's receipt is the proof.</summary>
    private const int WaitingMax = 100_000;

    /// <summary>How long notifications gather.</summary>
    private static readonly TimeSpan GatherTime = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(500);

    private readonly ApiClient api;
    private readonly TimeProvider time;
    private readonly ILogger<NotificationQueue> log;
    private readonly Channel<Notification> waiting = Channel.CreateBounded<Notification>(
        new BoundedChannelOptions(WaitingMax) { SingleReader = true }
    );
    private readonly CancellationTokenSource stopping = new();
    private readonly Lock gate = new();
    private readonly PriorityQueue<TaskCompletionSource, long> flushes = new();
    private readonly SemaphoreSlim hurry = new(0);
    private readonly Task loop;
    private long enqueued;
    private long accepted;

    public NotificationQueue(ApiClient api, TimeProvider time, ILogger<NotificationQueue> log)
    {
        this.api = api;
        this.time = time;
        this.log = log;
        loop = Task.Run(RunAsync);
    }

    public void Add(Notification notification)
    {
        lock (gate)
        {
            if (waiting.Writer.TryWrite(notification))
            {
                enqueued++;
                return;
            }
        }

        log.NotificationDropped(notification.UploadId);
    }

    /// <summary>Returns when the API has accepted all that was added before the call, or has refused it for good.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (accepted >= enqueued)
            {
                return;
            }

            flushes.Enqueue(done, enqueued);
        }

        hurry.Release();
        await done.Task.WaitAsync(cancellationToken);
    }

    private async Task RunAsync()
    {
        var batch = new List<Notification>();
        try
        {
            while (await waiting.Reader.WaitToReadAsync(stopping.Token))
            {
                await hurry.WaitAsync(GatherTime, stopping.Token);
                while (batch.Count < NotificationBatch.ItemsMax && waiting.Reader.TryRead(out var notification))
                {
                    batch.Add(notification);
                }

                await SendAsync(batch);
                Accepted(batch.Count);
                batch.Clear();
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping: the clients' receipts are the proof of what was not sent.
        }
    }

    /// <summary>The same batch would be refused again, however often it is sent.</summary>
    private static bool IsForGood(NodeCallException refusal) =>
        refusal.StatusCode is { } status
        && (int)status is >= 400 and < 500
        && status is not (HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests);

    private async Task SendAsync(List<Notification> batch)
    {
        while (true)
        {
            try
            {
                await api.NotifyAsync(new NotificationBatch(batch), stopping.Token);
                return;
            }
            catch (NodeCallException refusal) when (IsForGood(refusal))
            {
                log.NotificationsRefused(batch.Count, refusal.Message);
                return;
            }
            catch (Exception error)
                when (error is HttpRequestException
                    || (error is OperationCanceledException && !stopping.IsCancellationRequested)
                )
            {
                log.NotificationsDelayed(batch.Count, error.Message);
                await Task.Delay(RetryPause, time, stopping.Token);
            }
        }
    }

    private void Accepted(int count)
    {
        lock (gate)
        {
            accepted += count;
            while (flushes.TryPeek(out var done, out var upTo) && upTo <= accepted)
            {
                flushes.Dequeue();
                done.TrySetResult();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        waiting.Writer.TryComplete();
        await stopping.CancelAsync();
        await loop;
        stopping.Dispose();
        hurry.Dispose();
    }
}
