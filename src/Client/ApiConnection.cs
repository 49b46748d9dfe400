using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Polly;

namespace FileSharing.Client;

/// <summary>JSON calls to the API: token, Idempotency-Key, retry and problem details in one place.</summary>
internal sealed class ApiConnection(HttpSender http, ResiliencePipeline retry, Uri baseUrl, string? token)
{
    /// <summary>A reply lists at most 1,000 items; 16 MiB leaves room for long names and several URLs each.</summary>
    private const int ReplyBytesMax = 16 << 20;

    private static readonly MediaTypeHeaderValue JsonMediaType = new("application/json") { CharSet = "utf-8" };

    public Task<TReply> GetAsync<TReply>(string path, JsonTypeInfo<TReply> replyType, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Get, path, null, replyType, cancellation);

    public Task<TReply> SendAsync<TBody, TReply>(
        HttpMethod method,
        string path,
        TBody body,
        JsonTypeInfo<TBody> bodyType,
        JsonTypeInfo<TReply> replyType,
        CancellationToken cancellation
    ) => SendAsync(method, path, JsonSerializer.SerializeToUtf8Bytes(body, bodyType), replyType, cancellation);

    /// <summary>A creating call without a body.</summary>
    public Task<TReply> PostAsync<TReply>(
        string path,
        JsonTypeInfo<TReply> replyType,
        CancellationToken cancellation
    ) => SendAsync(HttpMethod.Post, path, null, replyType, cancellation);

    /// <summary>Deletes; whatever the reply says besides its status is not needed.</summary>
    public async Task DeleteAsync(string path, CancellationToken cancellation)
    {
        await SendAsync(HttpMethod.Delete, path, null, cancellation);
    }

    private async Task<TReply> SendAsync<TReply>(
        HttpMethod method,
        string path,
        byte[]? body,
        JsonTypeInfo<TReply> replyType,
        CancellationToken cancellation
    )
    {
        var reply = await SendAsync(method, path, body, cancellation);
        try
        {
            return JsonSerializer.Deserialize(reply, replyType) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new FileShareException(
                ErrorTypes.UnexpectedReply,
                $"{baseUrl} answered {method} {path.Split('?')[0]} with something else than FileShare does; check the address.",
                e
            );
        }
    }

    private async Task<byte[]> SendAsync(HttpMethod method, string path, byte[]? body, CancellationToken cancellation)
    {
        // One key for all attempts: when a reply is lost, the next attempt gets the first one's result.
        var idempotencyKey = method == HttpMethod.Post && !IsHarmlessToRepeat(path) ? Guid.NewGuid().ToString() : null;
        return await retry.ExecuteAsync(
            async stop => await AttemptAsync(method, path, body, idempotencyKey, stop),
            cancellation
        );
    }

    /// <summary>
    /// Two of the calls of every upload: a session opened twice leaves one that expires, and completing twice gives the same answer. The server keeps no
    /// note of them then, which spares it two transactions a file each.
    /// </summary>
    private static bool IsHarmlessToRepeat(string path) =>
        path == "files/upload"
        || (
            path.StartsWith("files/upload/", StringComparison.Ordinal)
            && path.EndsWith("/complete", StringComparison.Ordinal)
        );

    private async Task<byte[]> AttemptAsync(
        HttpMethod method,
        string path,
        byte[]? body,
        string? idempotencyKey,
        CancellationToken cancellation
    )
    {
        using var request = new HttpRequestMessage(method, new Uri(baseUrl, path));
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        if (body is not null)
        {
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = JsonMediaType } };
        }

        using var response = await http.SendAsync(request, Patience.Full, cancellation);
        // The body belongs to the attempt: a connection that breaks or falls silent in the middle of it is retried as well.
        return await http.ReadAllAsync(response, ReplyBytesMax, Patience.Full, cancellation);
    }
}
