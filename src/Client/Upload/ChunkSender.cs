using System.Net;
using System.Text.Json;
using FileSharing.Client.Wire;

namespace FileSharing.Client.Upload;

/// <summary>
/// Brings one chunk to a storage node: the first of its URLs that takes it, round after round, with fresh URLs when they have expired.
/// </summary>
internal sealed class ChunkSender(TransferContext context, UploadSession session)
{
    /// <summary>A receipt of one chunk is about 400 bytes.</summary>
    private const int ReceiptBytesMax = 64 << 10;

    /// <exception cref="FileShareException">No node took the chunk; the last refusal.</exception>
    public async Task SendAsync(CutChunk chunk, UploadPart part, CancellationToken cancellation)
    {
        var urls = part.Targets;
        var renewals = session.Renewals;
        await context.Retry.ExecuteAsync(
            async stop =>
            {
                try
                {
                    await SendOnceAsync(chunk, urls, stop);
                }
                catch (FileShareException e) when (e.Status == (int)HttpStatusCode.Forbidden)
                {
                    // The signature is ours to trust, so a refused URL is an old one: a put may wait a long time for its turn.
                    urls = await session.RenewAsync(chunk.Index, renewals, stop);
                    renewals = session.Renewals;
                    if (urls.Count > 0)
                    {
                        await SendOnceAsync(chunk, urls, stop);
                    }
                }
            },
            cancellation
        );
    }

    private async Task SendOnceAsync(CutChunk chunk, IReadOnlyList<Uri> urls, CancellationToken cancellation)
    {
        var refusals = await context.Round.AskAsync(
            urls,
            Patience.BriefPut,
            async (url, patience) => session.Keep(await PutAsync(url, chunk, patience, cancellation))
        );
        if (refusals is not null)
        {
            throw HttpErrors.Combine(refusals);
        }
    }

    private async Task<JsonElement> PutAsync(Uri url, CutChunk chunk, Patience patience, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, url) { Content = new WatchedContent(chunk.Data) };
        using var response = await context.Nodes.SendAsync(request, patience, cancellation);
        var body = await context.Nodes.ReadAllAsync(response, ReceiptBytesMax, patience, cancellation);
        try
        {
            using var receipt = JsonDocument.Parse(body);
            return receipt.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new FileShareException(
                ErrorTypes.UnexpectedReply,
                $"{url.Authority} took a chunk and gave no receipt.",
                e
            );
        }
    }
}
