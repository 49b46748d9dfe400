using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Wire;

namespace FileSharing.Cluster.Transport;

/// <summary>Records over HTTP between processes. One queue a volume, made when it is first written to.</summary>
/// <param name="rent">Where the buffer of a fetched record comes from.</param>
public sealed class HttpChunkTransport(
    HttpClient http,
    MapHolder map,
    PeerHealth health,
    Func<int, IMemoryOwner<byte>> rent
) : IChunkTransport, IAsyncDisposable
{
    /// <summary>10 MiB of plaintext with header, tags and trailer, and some room for a later version.</summary>
    private const int RecordBytesMax = (10 << 20) + (64 << 10);

    /// <summary>For the head of an answer, and again for the record's bytes: a peer that falls silent must not hold up the reader.</summary>
    public static readonly TimeSpan RecordTimeoutDefault = TimeSpan.FromSeconds(10);

    /// <summary>For the head of the answer, and again for the bytes of one fetched record; after it the peer counts as unreachable and another owner is asked.</summary>
    public TimeSpan RecordTimeout { get; init; } = RecordTimeoutDefault;

    private readonly NodeClient calls = new(http, map);
    private readonly ConcurrentDictionary<Guid, Lazy<PeerQueue>> queues = new();

    public ValueTask<RecordStatus> PutAsync(PutRecord put, RecordLease record, CancellationToken cancellationToken) =>
        health.MayCall(put.Target.NodeId)
            ? Queue(put.Target).PutAsync(put, record, cancellationToken)
            : ValueTask.FromResult(RecordStatus.Unreachable);

    public ValueTask SettleAsync(
        MapVolume target,
        long mapVersion,
        IReadOnlyList<ChunkId> ids,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(ids);
        var queue = Queue(target);
        foreach (var id in ids)
        {
            queue.Settle(mapVersion, id);
        }

        return ValueTask.CompletedTask;
    }

    public async ValueTask<FetchResult> GetAsync(
        MapVolume target,
        ChunkId id,
        Action answered,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(answered);
        using var call = health.TryBegin(target.NodeId);
        if (call is null)
        {
            return new FetchResult(FetchOutcome.Unreachable);
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(RecordTimeout);
        try
        {
            var address = new Uri(
                map.Required.NodeOf(target).Url,
                $"/internal/v1/volumes/{target.VolumeId:D}/records/{id}"
            );
            using var response = await http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, patience.Token);
            answered();
            patience.CancelAfter(RecordTimeout);
            var result = response.StatusCode switch
            {
                HttpStatusCode.OK => await ReceiveAsync(response, patience.Token),
                HttpStatusCode.NotFound => new FetchResult(FetchOutcome.Absent),
                HttpStatusCode.UnprocessableEntity => new FetchResult(FetchOutcome.Damaged),
                _ => new FetchResult(FetchOutcome.Unreachable),
            };
            call.Succeeded();
            return result;
        }
        catch (Exception error) when (IsPeerFailure(error, cancellationToken))
        {
            call.Failed();
            return new FetchResult(FetchOutcome.Unreachable);
        }
    }

    public async ValueTask<IReadOnlyList<bool>?> HasAsync(
        MapVolume target,
        IReadOnlyList<ChunkId> ids,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(target);
        using var call = health.TryBegin(target.NodeId);
        if (call is null)
        {
            return null;
        }

        try
        {
            var have = await calls.HasAsync(target, ids, cancellationToken);
            call.Succeeded();
            return have;
        }
        catch (NodeCallException refusal) when (refusal.Problem?.Type == Problem.VolumeAway)
        {
            call.Succeeded();
            return null;
        }
        catch (Exception error) when (IsPeerFailure(error, cancellationToken))
        {
            call.Failed();
            return null;
        }
    }

    private async Task<FetchResult> ReceiveAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var length = response.Content.Headers.ContentLength ?? 0;
        if (length is <= 0 or > RecordBytesMax)
        {
            throw new HttpRequestException($"A peer sent a record of {length} bytes.");
        }

        var bytes = (int)length;
        var buffer = rent(bytes);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            await body.ReadExactlyAsync(buffer.Memory[..bytes], cancellationToken);
            var lease = new RecordLease(buffer, bytes);
            buffer = null;
            return new FetchResult(FetchOutcome.Found, lease);
        }
        finally
        {
            buffer?.Dispose();
        }
    }

    private PeerQueue Queue(MapVolume volume) =>
        queues
            .GetOrAdd(volume.VolumeId, _ => new Lazy<PeerQueue>(() => new PeerQueue(http, map, health, volume)))
            .Value;

    private static bool IsPeerFailure(Exception error, CancellationToken cancellationToken) =>
        error is HttpRequestException or IOException
        || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    public async ValueTask DisposeAsync()
    {
        foreach (var queue in queues.Values)
        {
            await queue.Value.DisposeAsync();
        }
    }
}
