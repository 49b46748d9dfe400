using System.Globalization;
using System.Security.Cryptography;
using FileSharing.Chunks;
using FileSharing.Cluster.Signing;
using FileSharing.StorageNode.Downloads;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace FileSharing.StorageNode.Endpoints;

/// <summary>
/// <c>GET|HEAD /v1/files/{content}</c> and <c>/v1/chunks/{id}</c>: a file or chunk by its content id, with everything that HTTP has for ranges and conditions. Needs
/// neither the API nor a database (I4).
/// </summary>
internal static class GetContent
{
    /// <summary>Asks for the manifest instead of the bytes: its id proves it, and its chunks can be fetched and checked one by one.</summary>
    public const string ManifestMediaType = "application/vnd.fileshare.manifest";

    private const string DefaultMediaType = "application/octet-stream";

    public static async Task HandleAsync(
        HttpContext context,
        ChunkId content,
        NodeParts node,
        ContentStreamer streamer,
        ManifestCache manifests
    )
    {
        // 1. The right. A chunk URL names no kind: it opens chunks.
        var grant = UrlGate.Check(context, node);
        var kind = grant.Kind == RecordKind.None ? RecordKind.Chunk : grant.Kind;
        if (kind == RecordKind.Manifest && context.Request.Headers.Accept.Contains(ManifestMediaType))
        {
            await WriteManifestAsync(context, content, manifests);
            return;
        }

        // 2. Conditions.
        var etag = new EntityTagHeaderValue($"\"{content}\"");
        SetCommonHeaders(context.Response, grant, etag);
        if (Precondition(context.Request, etag) is { } status)
        {
            context.Response.StatusCode = status;
            return;
        }

        // 3. Ranges.
        var size = grant.Bytes;
        var ranges = RangeRequest.Parse(context.Request, etag, size);
        if (ranges is { Count: 0 })
        {
            throw new RequestException(
                StatusCodes.Status416RangeNotSatisfiable,
                "range-not-satisfiable",
                $"None of the ranges lies within the {size} bytes of the content."
            )
            {
                ContentRange = $"bytes */{size}",
            };
        }

        // 4. The bytes.
        var mediaType = MediaType(grant);
        Task WriteRange(ByteRange range) =>
            streamer.WriteAsync(
                content,
                kind,
                range.Offset,
                range.Length,
                context.Response.BodyWriter,
                context.RequestAborted
            );
        if (ranges is { Count: > 1 })
        {
            var boundary = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
            var multipart = new MultipartRanges(ranges, size, mediaType, boundary);
            SetBodyHeaders(
                context.Response,
                StatusCodes.Status206PartialContent,
                multipart.ContentType,
                multipart.ContentLength
            );
            await multipart.WriteAsync(context.Response.BodyWriter, WriteRange, context.RequestAborted);
            return;
        }

        var whole = new ByteRange(0, size);
        var range = ranges is null ? whole : ranges[0];
        SetBodyHeaders(
            context.Response,
            ranges is null ? StatusCodes.Status200OK : StatusCodes.Status206PartialContent,
            mediaType,
            range.Length
        );
        if (ranges is not null)
        {
            context.Response.Headers.ContentRange = $"bytes {range.Offset}-{range.Last}/{size}";
        }

        if (!HttpMethods.IsHead(context.Request.Method) && range.Length > 0)
        {
            await WriteRange(range);
        }
    }

    private static async Task WriteManifestAsync(HttpContext context, ChunkId content, ManifestCache manifests)
    {
        var body = await manifests.ReadBodyAsync(content, context.RequestAborted);
        SetBodyHeaders(context.Response, StatusCodes.Status200OK, ManifestMediaType, body.Length);
        context.Response.Headers.Vary = "Accept";
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
        }
    }

    private static void SetCommonHeaders(HttpResponse response, UrlGrant grant, EntityTagHeaderValue etag)
    {
        response.Headers.ETag = etag.ToString();
        response.Headers.AcceptRanges = "bytes";
        response.Headers.CacheControl = "private, max-age=31536000, immutable";
        if (grant.Kind == RecordKind.Manifest)
        {
            response.Headers.Vary = "Accept";
        }

        if (grant.Name is not null)
        {
            var disposition = new ContentDispositionHeaderValue(grant.Disposition ?? "attachment");
            disposition.SetHttpFileName(grant.Name);
            response.Headers.ContentDisposition = disposition.ToString();
        }

        if (
            grant.Fingerprint is { Length: ChunkId.HexDigits } fingerprint
            && ChunkId.TryParse(fingerprint, out var sha256)
        )
        {
            response.Headers["Repr-Digest"] = $"sha-256=:{Convert.ToBase64String(sha256.ToByteArray())}:";
        }
    }

    private static void SetBodyHeaders(HttpResponse response, int status, string mediaType, long length)
    {
        response.StatusCode = status;
        response.ContentType = mediaType;
        response.ContentLength = length;
    }

    /// <summary>The type that the uploader declared, when it is one; a browser is told not to guess another (nosniff).</summary>
    private static string MediaType(UrlGrant grant) =>
        grant.Type is { } declared && MediaTypeHeaderValue.TryParse(declared, out var parsed)
            ? parsed.ToString()
            : DefaultMediaType;

    /// <summary>RFC 9110, section 13.2.2, for a resource that never changes.</summary>
    private static int? Precondition(HttpRequest request, EntityTagHeaderValue etag)
    {
        if (
            EntityTagHeaderValue.TryParseList(request.Headers.IfMatch, out var wanted)
            && !Matches(wanted, etag, strong: true)
        )
        {
            return StatusCodes.Status412PreconditionFailed;
        }

        return
            EntityTagHeaderValue.TryParseList(request.Headers.IfNoneMatch, out var known)
            && Matches(known, etag, strong: false)
            ? StatusCodes.Status304NotModified
            : null;
    }

    private static bool Matches(IList<EntityTagHeaderValue> tags, EntityTagHeaderValue etag, bool strong) =>
        tags.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(etag, strong));
}
