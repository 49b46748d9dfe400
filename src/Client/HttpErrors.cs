using System.Net;
using System.Text.Json;
using FileSharing.Client.Wire;

namespace FileSharing.Client;

/// <summary>Turns replies and broken connections into <see cref="FileShareException"/>; the one place that knows which may be retried.</summary>
internal static class HttpErrors
{
    /// <summary>A problem document is a few hundred bytes; more than this is not one.</summary>
    private const int ProblemBytesMax = 64 << 10;

    public static async Task ThrowIfErrorAsync(
        HttpResponseMessage response,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        if (!response.IsSuccessStatusCode)
        {
            throw await FromReplyAsync(response, time, cancellation);
        }
    }

    public static FileShareException FromBrokenConnection(Uri url, Exception cause) =>
        new(
            ErrorTypes.Unreachable,
            $"{url.GetLeftPart(UriPartial.Authority)} cannot be reached ({Reason(cause)}); check the address and the network.",
            cause
        )
        {
            IsRetryable = true,
        };

    public static FileShareException FromTimeout(Uri url, TimeSpan limit) =>
        new(
            ErrorTypes.Unreachable,
            $"{url.GetLeftPart(UriPartial.Authority)} gave no answer within {limit.TotalSeconds:0} s; try again."
        )
        {
            IsRetryable = true,
        };

    /// <summary>
    /// One error for a round in which every node refused: damage says most, then what a node answered, then broken connections. Another
    /// round is worth it when any of them may pass by itself, or when it has fresh URLs.
    /// </summary>
    public static FileShareException Combine(IReadOnlyList<FileShareException> refusals, bool hasFreshUrls = false)
    {
        var told = refusals
            .OrderBy(refusal => refusal.Type != ErrorTypes.DamagedBytes)
            .ThenBy(refusal => refusal.Status == 0)
            .FirstOrDefault();
        return told is null
            ? new FileShareException(ErrorTypes.UnexpectedReply, "The server named no storage node; try again later.")
            : new FileShareException(told.Type, told.Message, told)
            {
                Status = told.Status,
                TraceId = told.TraceId,
                RetryAfter = refusals.Max(refusal => refusal.RetryAfter),
                IsRetryable = hasFreshUrls || refusals.Any(refusal => refusal.IsRetryable),
            };
    }

    private static async Task<FileShareException> FromReplyAsync(
        HttpResponseMessage response,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var status = (int)response.StatusCode;
        var problem = await ReadProblemAsync(response, cancellation);
        var server = response.RequestMessage?.RequestUri?.GetLeftPart(UriPartial.Authority) ?? "The server";
        return new FileShareException(
            problem?.Type ?? ErrorTypes.UnexpectedReply,
            problem?.Detail ?? problem?.Title ?? $"{server} answered {status} {response.ReasonPhrase}."
        )
        {
            Status = status,
            TraceId = problem?.TraceId,
            RetryAfter = RetryAfter(response, time),
            IsRetryable =
                response.StatusCode
                    is HttpStatusCode.TooManyRequests
                        or HttpStatusCode.BadGateway
                        or HttpStatusCode.ServiceUnavailable
                        or HttpStatusCode.GatewayTimeout,
        };
    }

    private static async Task<ProblemDocument?> ReadProblemAsync(
        HttpResponseMessage response,
        CancellationToken cancellation
    )
    {
        if (
            response.Content.Headers.ContentType?.MediaType is not ("application/problem+json" or "application/json")
            || response.Content.Headers.ContentLength > ProblemBytesMax
        )
        {
            return null;
        }

        try
        {
            await response.Content.LoadIntoBufferAsync(ProblemBytesMax, cancellation);
            var body = await response.Content.ReadAsByteArrayAsync(cancellation);
            return JsonSerializer.Deserialize(body, WireJson.Default.ProblemDocument);
        }
        catch (Exception e) when (e is JsonException or HttpRequestException or IOException)
        {
            return null; // The status alone says enough.
        }
    }

    private static TimeSpan? RetryAfter(HttpResponseMessage response, TimeProvider time)
    {
        var header = response.Headers.RetryAfter;
        var wait = header?.Delta ?? header?.Date - time.GetUtcNow();
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    private static string Reason(Exception cause) => (cause.InnerException ?? cause).Message.TrimEnd('.');
}
