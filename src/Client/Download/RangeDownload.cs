using System.Buffers;

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
                async stop =>
                    await links.AskNodesAsync(
                        first: 0,
                        (url, patience) => CopyAsync(links, url, rest, buffer, destination, patience, stop),
                        stop
                    ),
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

    private async Task CopyAsync(
        DownloadLinks links,
        Uri url,
        Rest rest,
        byte[] buffer,
        Stream destination,
        Patience patience,
        CancellationToken cancellation
    )
    {
        using var response = await links.OpenRangeAsync(url, rest.Offset, rest.End - 1, patience, cancellation);
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
