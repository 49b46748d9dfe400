using System.Net;
using System.Net.Http.Headers;
using FileSharing.Chunks;
using FileSharing.Client.Wire;

namespace FileSharing.Client.Download;

/// <summary>The signed URLs of one version of a file, renewed when they expire during a long download.</summary>
internal sealed class DownloadLinks : IDisposable
{
    private readonly TransferContext context;
    private readonly SemaphoreSlim renewing = new(1);
    private volatile IReadOnlyList<Uri> urls;

    private DownloadLinks(TransferContext context, string fileId, DownloadReply reply)
    {
        this.context = context;
        FileId = fileId;
        Metadata = reply.Metadata;
        urls = reply.Sources;
        (ContentId, IsManifest) = ReadContent(reply);
    }

    public string FileId { get; }
    public RemoteItem Metadata { get; }

    /// <summary>What the path of the URLs names: the manifest, or the file's only chunk.</summary>
    public ChunkId ContentId { get; }

    public bool IsManifest { get; }

    /// <summary>The same bytes on several nodes, the best first.</summary>
    public IReadOnlyList<Uri> Urls => urls;

    public static async Task<DownloadLinks> OpenAsync(
        TransferContext context,
        string fileId,
        CancellationToken cancellation
    ) => new(context, fileId, await AskAsync(context, fileId, null, cancellation));

    /// <summary>Every node once, until one does what is asked. Where they refused URLs that are old, the next attempt has fresh ones.</summary>
    /// <param name="first">Number of the node that is asked first; the others follow in their order.</param>
    /// <param name="ask">As <see cref="NodeRound.AskAsync"/>.</param>
    /// <exception cref="FileShareException">None did it.</exception>
    public async Task AskNodesAsync(int first, Func<Uri, Patience, Task> ask, CancellationToken cancellation)
    {
        var nodes = urls;
        var start = first % nodes.Count;
        var order = nodes.Skip(start).Concat(nodes.Take(start));
        if (await context.Round.AskAsync(order, Patience.BriefGet, ask) is not { } refusals)
        {
            return;
        }

        // A node refuses a URL of ours with 403 when it is old.
        var isExpired = refusals.Any(refusal => refusal.Status == (int)HttpStatusCode.Forbidden);
        if (isExpired)
        {
            await RenewAsync(nodes, cancellation);
        }

        throw HttpErrors.Combine(refusals, hasFreshUrls: isExpired);
    }

    /// <summary>A reply that begins at <paramref name="from"/>; its body has not been read.</summary>
    /// <param name="to">The last byte.</param>
    /// <exception cref="FileShareException">It is none, or begins elsewhere.</exception>
    public async Task<HttpResponseMessage> OpenRangeAsync(
        Uri url,
        long from,
        long to,
        Patience patience,
        CancellationToken cancellation
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Range = new RangeHeaderValue(from, to);
        var response = await context.Nodes.SendAsync(request, patience, cancellation);
        if (response.Content.Headers.ContentRange?.From == from)
        {
            return response;
        }

        response.Dispose();
        throw new FileShareException(ErrorTypes.UnexpectedReply, $"{url.Authority} did not answer with the range.");
    }

    /// <summary>Fresh URLs of the same version. Those who fail together ask once.</summary>
    /// <param name="seen">The URLs that were refused.</param>
    private async Task RenewAsync(IReadOnlyList<Uri> seen, CancellationToken cancellation)
    {
        await renewing.WaitAsync(cancellation);
        try
        {
            if (ReferenceEquals(urls, seen))
            {
                var reply = await AskAsync(context, FileId, Metadata.VersionId, cancellation);
                if (ReadContent(reply) != (ContentId, IsManifest))
                {
                    throw new FileShareException(
                        ErrorTypes.SourceChanged,
                        $"{Metadata.Name} got a new version during the download; get it again."
                    );
                }

                urls = reply.Sources;
            }
        }
        finally
        {
            renewing.Release();
        }
    }

    public void Dispose() => renewing.Dispose();

    private static Task<DownloadReply> AskAsync(
        TransferContext context,
        string fileId,
        string? versionId,
        CancellationToken cancellation
    )
    {
        var version = versionId is null ? "" : $"?version_id={Uri.EscapeDataString(versionId)}";
        return context.Api.GetAsync(
            $"files/download/{Uri.EscapeDataString(fileId)}{version}",
            WireJson.Default.DownloadReply,
            cancellation
        );
    }

    /// <summary>Reads <c>/v1/files/{content_id}?kind=…</c>: docs/node-protocol.md, section 1.</summary>
    private static (ChunkId Id, bool IsManifest) ReadContent(DownloadReply reply)
    {
        var url =
            reply.Sources.Count > 0
                ? reply.Sources[0]
                : throw new FileShareException(
                    ErrorTypes.UnexpectedReply,
                    "The server named no storage node to download from; try again when its nodes are up."
                );
        if (!ChunkId.TryParse(url.Segments[^1], out var id))
        {
            throw new FileShareException(
                ErrorTypes.UnexpectedReply,
                $"{url.GetLeftPart(UriPartial.Path)} names no content."
            );
        }

        return (id, url.Query.TrimStart('?').Split('&').Contains("kind=manifest"));
    }
}
