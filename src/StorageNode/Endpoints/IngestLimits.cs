using FileSharing.StorageNode.Ingest;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace FileSharing.StorageNode.Endpoints;

/// <summary>What every endpoint that takes a body does first: bound it, and reserve the memory that it will need.</summary>
internal static class IngestLimits
{
    /// <summary>How long a request may wait for memory before it is sent away.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Refuses by the declared length before the body is read. Whoever reads takes no more than it was allowed.</summary>
    /// <param name="bytesMax">Plain bytes; a compressed body may not be larger either (what does not shrink is sent plain).</param>
    /// <exception cref="RequestException">413.</exception>
    public static void BoundBody(HttpContext context, long bytesMax)
    {
        // Kestrel's own bound counts the framing of a chunked body too, so it would refuse what is allowed.
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
        if (context.Request.ContentLength > bytesMax)
        {
            throw TooLarge(bytesMax);
        }
    }

    /// <exception cref="RequestException">400: a plain body whose declared length is not what the URL says.</exception>
    public static void RequireLength(HttpContext context, long bytes)
    {
        if (BodyReader.IsPlain(context.Request) && context.Request.ContentLength is { } length && length != bytes)
        {
            throw WrongLength(bytes, length);
        }
    }

    /// <exception cref="RequestException">503.</exception>
    public static async ValueTask<ByteBudget.Reservation> ReserveAsync(
        HttpContext context,
        ByteBudget budget,
        long bytes
    ) =>
        await budget.ReserveAsync(bytes, Patience, context.RequestAborted)
        ?? throw new RequestException(
            StatusCodes.Status503ServiceUnavailable,
            "overloaded",
            "This node has no memory for another upload at the moment. Try again, or use one of the other URLs."
        );

    public static RequestException TooLarge(long bytesMax) =>
        new(
            StatusCodes.Status413PayloadTooLarge,
            "body-too-large",
            $"The body has more than the {bytesMax} bytes that the URL allows."
        );

    public static RequestException WrongLength(long expected, long actual) =>
        new(
            StatusCodes.Status400BadRequest,
            "wrong-length",
            $"The body has {actual} bytes where the URL says {expected}. Nothing was stored; send it again."
        );
}
