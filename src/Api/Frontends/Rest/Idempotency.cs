using System.Security.Cryptography;
using FileSharing.Api.Auth;
using FileSharing.Metadata;
using Microsoft.AspNetCore.Http;

namespace FileSharing.Api.Frontends.Rest;

/// <summary>
/// <c>Idempotency-Key</c> on creating calls: the same user, key and address get the first answer again for 24 hours, so a call whose outcome is unknown can be repeated.
/// Only answers of success are kept; a refused call changed nothing and may be tried again under its key.
/// </summary>
internal sealed class Idempotency(RequestDelegate next, IdempotencyKeys answers)
{
    public static readonly object Marker = new CreatingCall();

    private const string Header = "Idempotency-Key";
    private const int KeyLengthMax = 255;

    private sealed record CreatingCall;

    public async Task InvokeAsync(HttpContext context)
    {
        var key = context.Request.Headers[Header].ToString();
        if (key.Length == 0 || context.GetEndpoint()?.Metadata.GetMetadata<CreatingCall>() is null)
        {
            await next(context);
            return;
        }

        if (key.Length > KeyLengthMax || key.Any(c => c is < '!' or > '~'))
        {
            throw new ApiException(
                ApiError.InvalidRequest,
                $"{Header} has at most {KeyLengthMax} visible ASCII characters."
            );
        }

        await RunOnceAsync(context, key);
    }

    private async Task RunOnceAsync(HttpContext context, string key)
    {
        var ct = context.RequestAborted;
        var user = context.User().UserId;
        var route = $"{context.Request.Method} {context.Request.Path}";
        context.Request.EnableBuffering(bufferThreshold: (int)Limits.BodyBytesMax, Limits.BodyBytesMax);
        var hash = await SHA256.HashDataAsync(context.Request.Body, ct);
        context.Request.Body.Position = 0;

        if (await answers.ClaimAsync(user, key, route, hash, ct) is { } first)
        {
            await RepeatAsync(context, first, hash);
            return;
        }

        var isKept = false;
        var client = context.Response.Body;
        using var kept = new MemoryStream();
        context.Response.Body = kept;
        try
        {
            await next(context);
            if (context.Response.StatusCode is >= 200 and < 300)
            {
                // Kept even when the client is gone by now: it is the one that will ask again.
                await answers.KeepAsync(
                    user,
                    key,
                    route,
                    context.Response.StatusCode,
                    context.Response.ContentType,
                    kept.ToArray(),
                    CancellationToken.None
                );
                isKept = true;
            }
        }
        finally
        {
            context.Response.Body = client;
            if (!isKept)
            {
                await answers.ReleaseAsync(user, key, route, CancellationToken.None);
            }
        }

        kept.Position = 0;
        await kept.CopyToAsync(client, ct);
    }

    private static async Task RepeatAsync(HttpContext context, StoredAnswer first, byte[] hash)
    {
        if (!first.RequestHash.AsSpan().SequenceEqual(hash))
        {
            throw new ApiException(
                ApiError.IdempotencyKeyReused,
                $"This {Header} was used with another body. Use a new key for a new call."
            );
        }

        if (first.Status is not { } status)
        {
            throw new ApiException(
                ApiError.IdempotencyKeyReused,
                $"The first call with this {Header} still runs. Repeat in a moment."
            )
            {
                RetryAfter = TimeSpan.FromSeconds(1),
            };
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = first.ContentType;
        await context.Response.Body.WriteAsync(first.Body ?? [], context.RequestAborted);
    }
}
