using System.Buffers;
using System.Net;
using System.Net.Http.Json;
using FileSharing.Chunks;
using FileSharing.Cluster.Wire;

namespace FileSharing.Cluster.Transport;

/// <summary>The answer to one <see cref="FetchRequest"/>, record by record. One caller at a time.</summary>
/// <param name="patience">For each record: for its head, and again for its bytes. Time between two calls does not count.</param>
/// <param name="rent">Where the buffer of a record comes from.</param>
internal sealed class RecordStream(
    HttpClient http,
    Uri address,
    IReadOnlyList<ChunkId> ids,
    TimeSpan patience,
    Func<int, IMemoryOwner<byte>> rent,
    CancellationToken cancellationToken
) : IAsyncDisposable
{
    private readonly CancellationTokenSource silence = CancellationTokenSource.CreateLinkedTokenSource(
        cancellationToken
    );
    private readonly byte[] head = new byte[FetchFrame.HeadBytes];
    private HttpResponseMessage? response;
    private Stream? body;

    /// <summary>The peer did not answer, or broke off: not when it refused.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>What came of the next record; the caller disposes what was found.</summary>
    /// <returns>Null when nothing more comes: the peer refused, or has failed.</returns>
    /// <exception cref="OperationCanceledException">The caller's.</exception>
    public async Task<FetchResult?> NextAsync()
    {
        silence.CancelAfter(patience);
        try
        {
            body ??= await OpenAsync();
            if (body is null)
            {
                return null;
            }

            await body.ReadExactlyAsync(head, silence.Token);
            var frame = FetchFrame.Read(head, HttpChunkTransport.RecordBytesMax);
            return frame.Outcome == FetchOutcome.Found
                ? new FetchResult(FetchOutcome.Found, await ReceiveAsync(body, frame.Length))
                : new FetchResult(frame.Outcome);
        }
        catch (Exception error)
            when (error is HttpRequestException or IOException or FormatException
                || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            )
        {
            HasFailed = true;
            return null;
        }
        finally
        {
            silence.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    private async Task<Stream?> OpenAsync()
    {
        using var content = JsonContent.Create(new FetchRequest(ids), WireJson.Default.FetchRequest);
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = content };
        response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, silence.Token);
        return response.StatusCode == HttpStatusCode.OK
            ? await response.Content.ReadAsStreamAsync(silence.Token)
            : null;
    }

    private async Task<RecordLease> ReceiveAsync(Stream from, int length)
    {
        silence.CancelAfter(patience);
        var buffer = rent(length);
        try
        {
            await from.ReadExactlyAsync(buffer.Memory[..length], silence.Token);
            var lease = new RecordLease(buffer, length);
            buffer = null;
            return lease;
        }
        finally
        {
            buffer?.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (body is not null)
        {
            await body.DisposeAsync();
        }

        response?.Dispose();
        silence.Dispose();
    }
}
