using System.Net.Http.Headers;
using FileSharing.Chunks;

namespace FileSharing.Client.Download;

/// <summary>Which chunks a version consists of, proved by the id in its signed URL wherever one record holds them all.</summary>
internal static class ChunkLists
{
    private const string ManifestMediaType = "application/vnd.fileshare.manifest";

    /// <summary>The chunks in order; none for an empty file.</summary>
    public static async Task<IAsyncEnumerable<ManifestEntry>> OpenAsync(
        TransferContext context,
        DownloadLinks links,
        CancellationToken cancellation
    )
    {
        var size = links.Metadata.Size;
        if (!links.IsManifest)
        {
            return new[] { new ManifestEntry(links.ContentId, size) }.ToAsyncEnumerable();
        }

        var manifest = await context.Retry.ExecuteAsync(
            async stop => await FromAnyNodeAsync(context, links, stop),
            cancellation
        );
        if (manifest.Size != size)
        {
            throw Unexpected($"The manifest of {links.Metadata.Name} has {manifest.Size} bytes instead of {size}.");
        }

        // A signed URL opens its own manifest and none below it; the API lists the chunks of very long files.
        return manifest.Level == 0
            ? manifest.Entries.ToAsyncEnumerable()
            : context
                .ListChunksAsync(links.FileId, cancellation)
                .Select(chunk => new ManifestEntry(chunk.Id, chunk.Size));
    }

    private static async Task<Manifest> FromAnyNodeAsync(
        TransferContext context,
        DownloadLinks links,
        CancellationToken cancellation
    )
    {
        Manifest? manifest = null;
        var refusals = await context.Round.AskAsync(
            links.Urls,
            Patience.BriefGet,
            async (url, patience) => manifest = await FetchAsync(context, url, links.ContentId, patience, cancellation)
        );
        return manifest ?? throw HttpErrors.Combine(refusals!);
    }

    private static async Task<Manifest> FetchAsync(
        TransferContext context,
        Uri url,
        ChunkId id,
        Patience patience,
        CancellationToken cancellation
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(ManifestMediaType));
        using var response = await context.Nodes.SendAsync(request, patience, cancellation);
        var body = await context.Nodes.ReadAllAsync(response, ChunkingPolicy.ChunkBytesMax, patience, cancellation);
        try
        {
            return Manifest.IdOf(body) == id
                ? Manifest.Parse(body)
                : throw new FileShareException(
                    ErrorTypes.DamagedBytes,
                    $"{url.Authority} sent a list of chunks that does not match its id."
                );
        }
        catch (FormatException e)
        {
            throw new FileShareException(ErrorTypes.UnexpectedReply, e.Message, e);
        }
    }

    private static FileShareException Unexpected(string detail) => new(ErrorTypes.UnexpectedReply, detail);
}
