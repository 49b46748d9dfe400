using System.Buffers;
using System.Net;
using System.Net.Http.Headers;

namespace FileSharing.Client.Download;

/// <summary>A range of a file as a stream; when a node fails in the middle, the next one goes on at the same byte.</summary>
internal sealed class RangeDownload(TransferContext context)
{
    private const int BufferBytes = 256 << 10;

    public async Task ToStreamAsync(string fileId, ByteRange range, Stream destination, CancellationToken cancellation)
    {
        using var links = await DownloadLinks.OpenAsync(context, fileId, cancellation);
        var (offset, length) = range.Within(links.Metadata.Size);
        var rest = new Rest(offset, offset + length);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            await context.Retry.ExecuteAsync(
                async stop => await RoundAsync(links, rest, buffer, destination, stop),
                cancellation
            );
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>What has not been written yet: from Offset to before End.</summary>
    private sealed class Rest(long offset, long end)
    {
        public long Offset { get; set; } = offset;
        public long End { get; } = end;
    }

    private async Task RoundAsync(
        DownloadLinks links,
        Rest rest,
        byte[] buffer,
        Stream destination,
        CancellationToken cancellation
    )
    {
        var urls = links.Urls;
        var refusals = await context.Round.AskAsync(
            urls,
            Patience.BriefGet,
            (url, patience) => CopyAsync(url, rest, buffer, destination, patience, cancellation)
        );
        if (refusals is null)
        {
            return;
        }

        // A node refuses a URL of ours with 403 when it is old.
        var isExpired = refusals.Any(refusal => refusal.Status == (int)HttpStatusCode.Forbidden);
        if (isExpired)
        {
            await links.RenewAsync(urls, cancellation);
        }

        throw HttpErrors.Combine(refusals, hasFreshUrls: isExpired);
    }

    private async Task CopyAsync(
        Uri url,
        Rest rest,
        byte[] buffer,
        Stream destination,
        Patience patience,
        CancellationToken cancellation
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Range = new RangeHeaderValue(rest.Offset, rest.End - 1);
        using var response = await context.Nodes.SendAsync(request, patience, cancellation);
        if (response.Content.Headers.ContentRange?.From != rest.Offset)
        {
            throw new FileShareException(ErrorTypes.UnexpectedReply, $"{url.Authority} did not answer with the range.");
        }

        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        while (rest.Offset < rest.End)
        {
            var wanted = (int)Math.Min(buffer.Length, rest.End - rest.Offset);
            var count = await context.Nodes.ReadAsync(url, body, buffer.AsMemory(0, wanted), patience, cancellation);
            if (count == 0)
            {
                throw HttpErrors.FromBrokenConnection(url, new EndOfStreamException("the reply ended early"));
            }

            await destination.WriteAsync(buffer.AsMemory(0, count), cancellation);
            rest.Offset += count;
        }
    }
}
