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

    /// <summary>Fresh URLs of the same version. Those who fail together ask once.</summary>
    /// <param name="seen">The URLs that were refused.</param>
    public async Task RenewAsync(IReadOnlyList<Uri> seen, CancellationToken cancellation)
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
