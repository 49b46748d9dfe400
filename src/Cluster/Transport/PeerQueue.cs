using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Threading.Channels;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Wire;

namespace FileSharing.Cluster.Transport;

/// <summary>
/// The stream of records to one volume of a peer. What waits is gathered into one request, as a group commit gathers appends: a small record costs a
/// share of a request, and the peer syncs once for all of them.
/// </summary>
internal sealed class PeerQueue : IAsyncDisposable
{
    /// <summary>Requests under way at once: one is being received while another is being synced.</summary>
    private const int RequestsInFlightMax = 2;

    /// <summary>Frames in one request; the reply is one byte each.</summary>
    private const int FramesMax = 1_024;

    /// <summary>Waiting frames; beyond, a put answers <see cref="RecordStatus.Overloaded"/>. Their bytes are bounded by the writers' budgets.</summary>
    private const int WaitingFramesMax = 8_192;

    /// <summary>A request that takes longer counts as lost: the peer is stuck or the disk is.</summary>
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(20);

    private readonly HttpClient http;
    private readonly MapHolder map;
    private readonly PeerHealth health;
    private readonly MapVolume volume;
    private readonly Channel<Item> waiting = Channel.CreateBounded<Item>(WaitingFramesMax);
    private readonly Lock gathering = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly Task[] senders;

    public PeerQueue(HttpClient http, MapHolder map, PeerHealth health, MapVolume volume)
    {
        this.http = http;
        this.map = map;
        this.health = health;
        this.volume = volume;
        senders = [.. Enumerable.Range(0, RequestsInFlightMax).Select(_ => Task.Run(SendAsync))];
    }

    private sealed class Item(RecordFrame frame, long mapVersion, RecordLease? record, ChunkId id)
    {
        public RecordFrame Frame { get; } = frame;
        public long MapVersion { get; } = mapVersion;
        public RecordLease? Record { get; } = record;
        public ChunkId Id { get; } = id;
        public TaskCompletionSource<RecordStatus> Done { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Set once by a sender that takes it, or by a caller that gives up first: then its record may no longer be read.</summary>
        private int taken;

        public bool TryTake() => Interlocked.Exchange(ref taken, 1) == 0;
    }

    public async ValueTask<RecordStatus> PutAsync(
        PutRecord put,
        RecordLease record,
        CancellationToken cancellationToken
    )
    {
        var held = record.Retain();
        var item = new Item(
            new RecordFrame(RecordOperation.Put, put.Owed, put.Epoch, held.Record.Length),
            put.MapVersion,
            held,
            default
        );
        if (!waiting.Writer.TryWrite(item))
        {
            held.Dispose();
            return RecordStatus.Overloaded;
        }

        await using var giveUp = cancellationToken.Register(
            static state =>
            {
                var given = (Item)state!;
                if (given.TryTake())
                {
                    given.Record!.Dispose();
                    given.Done.TrySetResult(RecordStatus.Unreachable);
                }
            },
            item
        );
        return await item.Done.Task;
    }

    /// <summary>Best effort: a full queue drops it, and the owed mark is lifted by the delivery daemon instead.</summary>
    public void Settle(long mapVersion, ChunkId id) =>
        waiting.Writer.TryWrite(
            new Item(
                new RecordFrame(RecordOperation.Settle, Owed: false, 0, ChunkId.Bytes),
                mapVersion,
                record: null,
                id
            )
        );

    private async Task SendAsync()
    {
        var batch = new List<Item>();
        try
        {
            while (await waiting.Reader.WaitToReadAsync(stopping.Token))
            {
                Gather(batch);
                if (batch.Count > 0)
                {
                    await SendBatchAsync(batch);
                    batch.Clear();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping: the queue is drained below.
        }

        while (waiting.Reader.TryRead(out var item))
        {
            if (item.TryTake())
            {
                Complete(item, RecordStatus.Unreachable);
            }
        }
    }

    private void Gather(List<Item> batch)
    {
        var bytes = 0;
        lock (gathering)
        {
            while (batch.Count < FramesMax && waiting.Reader.TryPeek(out var next))
            {
                var frameBytes = RecordFrame.HeadBytes + next.Frame.Length;
                if (
                    batch.Count > 0
                    && (bytes + frameBytes > RecordFrame.RequestBytesMax || next.MapVersion != batch[0].MapVersion)
                )
                {
                    return;
                }

                waiting.Reader.TryRead(out _);
                if (next.TryTake())
                {
                    batch.Add(next);
                    bytes += frameBytes;
                }
            }
        }
    }

    private async Task SendBatchAsync(List<Item> batch)
    {
        using var call = health.TryBegin(volume.NodeId);
        if (call is null)
        {
            batch.ForEach(item => Complete(item, RecordStatus.Unreachable));
            return;
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        timeout.CancelAfter(RequestTimeout);
        try
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Post,
                new Uri(map.Required.NodeOf(volume).Url, $"/internal/v1/volumes/{volume.VolumeId:D}/records")
            );
            using var content = new FramesContent(batch);
            request.Content = content;
            request.Headers.TryAddWithoutValidation(
                InternalHttp.MapVersionHeader,
                batch[0].MapVersion.ToString(CultureInfo.InvariantCulture)
            );
            using var response = await http.SendAsync(request, timeout.Token);
            var statuses = await ReadStatusesAsync(response, batch.Count, timeout.Token);
            call.Succeeded();
            for (var i = 0; i < batch.Count; i++)
            {
                Complete(batch[i], statuses[i]);
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            if (!stopping.IsCancellationRequested)
            {
                call.Failed();
            }

            batch.ForEach(item => Complete(item, RecordStatus.Unreachable));
        }
    }

    private static async Task<RecordStatus[]> ReadStatusesAsync(
        HttpResponseMessage response,
        int count,
        CancellationToken cancellationToken
    )
    {
        if (response.StatusCode == HttpStatusCode.Conflict)
        {
            return [.. Enumerable.Repeat(RecordStatus.StaleMap, count)];
        }

        if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
        {
            var isAway = (await Problem.ReadAsync(response, cancellationToken))?.Type == Problem.VolumeAway;
            return [.. Enumerable.Repeat(isAway ? RecordStatus.VolumeAway : RecordStatus.Overloaded, count)];
        }

        response.EnsureSuccessStatusCode();
        var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        return bytes.Length == count
            ? [.. bytes.Select(status => (RecordStatus)status)]
            : throw new HttpRequestException($"The peer answered {bytes.Length} of {count} records.");
    }

    private static void Complete(Item item, RecordStatus status)
    {
        item.Record?.Dispose();
        item.Done.TrySetResult(status);
    }

    public async ValueTask DisposeAsync()
    {
        waiting.Writer.TryComplete();
        await stopping.CancelAsync();
        await Task.WhenAll(senders);
        stopping.Dispose();
    }

    /// <summary>Writes the frames straight from the records' buffers.</summary>
    private sealed class FramesContent : HttpContent
    {
        private readonly List<Item> batch;

        public FramesContent(List<Item> batch)
        {
            this.batch = batch;
            Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(
            Stream stream,
            TransportContext? context,
            CancellationToken cancellationToken
        )
        {
            // Small frames share one write; a large record goes out from its own buffer.
            const int gatherBytes = 64 << 10;
            var gathered = ArrayPool<byte>.Shared.Rent(gatherBytes);
            var filled = 0;
            try
            {
                foreach (var item in batch)
                {
                    var bodyBytes = item.Frame.Length;
                    if (filled + RecordFrame.HeadBytes + bodyBytes > gatherBytes && filled > 0)
                    {
                        await stream.WriteAsync(gathered.AsMemory(0, filled), cancellationToken);
                        filled = 0;
                    }

                    item.Frame.WriteTo(gathered.AsSpan(filled));
                    filled += RecordFrame.HeadBytes;
                    if (item.Record is null)
                    {
                        item.Id.CopyTo(gathered.AsSpan(filled));
                        filled += ChunkId.Bytes;
                    }
                    else if (filled + bodyBytes <= gatherBytes)
                    {
                        item.Record.Record.CopyTo(gathered.AsMemory(filled));
                        filled += bodyBytes;
                    }
                    else
                    {
                        await stream.WriteAsync(gathered.AsMemory(0, filled), cancellationToken);
                        filled = 0;
                        await stream.WriteAsync(item.Record.Record, cancellationToken);
                    }
                }

                await stream.WriteAsync(gathered.AsMemory(0, filled), cancellationToken);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(gathered);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = batch.Sum(item => (long)RecordFrame.HeadBytes + item.Frame.Length);
            return true;
        }
    }
}
