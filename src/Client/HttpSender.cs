using System.Buffers;
using System.Net;

namespace FileSharing.Client;

/// <summary>Sends one request with one time limit; every failure leaves as <see cref="FileShareException"/>.</summary>
internal sealed class HttpSender(HttpClient http, TimeProvider time)
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);

    public TimeProvider Time { get; } = time;

    /// <summary>
    /// One client for the API and all nodes. Redirects are not followed: a signed URL and the API's address are exact, and a redirect would
    /// carry a body or a token elsewhere.
    /// </summary>
    public static HttpClient CreateHttpClient() =>
        new(
            new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                AutomaticDecompression = DecompressionMethods.None,
                ConnectTimeout = ConnectTimeout,
                PooledConnectionLifetime = ConnectionLifetime,
                UseCookies = false,
            }
        )
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };

    /// <returns>A reply of status 2xx whose body has not been read; the caller disposes it.</returns>
    public async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request,
        Patience patience,
        CancellationToken cancellation
    )
    {
        using var limit = new ReplyLimit(patience, Time);
        if (request.Content is WatchedContent watched)
        {
            watched.Moved = limit.Renew;
        }

        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        HttpResponseMessage? response = null;
        try
        {
            response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, linked.Token);
            await HttpErrors.ThrowIfErrorAsync(response, Time, linked.Token);
            var accepted = response;
            response = null;
            return accepted;
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw HttpErrors.FromBrokenConnection(request.RequestUri!, e);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw HttpErrors.FromTimeout(request.RequestUri!, patience.Answer);
        }
        finally
        {
            response?.Dispose();
        }
    }

    /// <summary>The whole body of a reply that is kept in memory.</summary>
    /// <param name="response">Of this sender; its body has not been read.</param>
    /// <param name="bytesMax">A longer one is broken off.</param>
    /// <exception cref="FileShareException"><see cref="ErrorTypes.Unreachable"/>: the body broke, is too long, or stood still.</exception>
    public async Task<byte[]> ReadAllAsync(
        HttpResponseMessage response,
        int bytesMax,
        Patience patience,
        CancellationToken cancellation
    )
    {
        const int pieceBytes = 16 << 10;
        var url = response.RequestMessage!.RequestUri!;
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        var all = new ArrayBufferWriter<byte>();
        while (await ReadAsync(url, body, all.GetMemory(pieceBytes), patience, cancellation) is var count and > 0)
        {
            all.Advance(count);
            if (all.WrittenCount > bytesMax)
            {
                throw HttpErrors.FromBrokenConnection(
                    url,
                    new InvalidDataException($"the reply is longer than {bytesMax} bytes")
                );
            }
        }

        return all.WrittenSpan.ToArray();
    }

    /// <summary>Fills <paramref name="buffer"/> from the body of a reply.</summary>
    /// <exception cref="FileShareException"><see cref="ErrorTypes.Unreachable"/>: the body ended early, broke or stood still.</exception>
    public async Task ReadExactlyAsync(
        Uri url,
        Stream body,
        Memory<byte> buffer,
        Patience patience,
        CancellationToken cancellation
    )
    {
        for (var filled = 0; filled < buffer.Length; )
        {
            var count = await ReadAsync(url, body, buffer[filled..], patience, cancellation);
            if (count == 0)
            {
                throw HttpErrors.FromBrokenConnection(url, new EndOfStreamException("the reply ended early"));
            }

            filled += count;
        }
    }

    /// <returns>Bytes read; 0 at the end of the body.</returns>
    /// <exception cref="FileShareException"><see cref="ErrorTypes.Unreachable"/>: the body broke or stood still.</exception>
    public async Task<int> ReadAsync(
        Uri url,
        Stream body,
        Memory<byte> buffer,
        Patience patience,
        CancellationToken cancellation
    )
    {
        using var limit = new CancellationTokenSource(patience.Standstill, Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            return await body.ReadAsync(buffer, linked.Token);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw HttpErrors.FromBrokenConnection(url, e);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw HttpErrors.FromTimeout(url, patience.Standstill);
        }
    }
}
