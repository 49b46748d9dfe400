using System.Net;

namespace FileSharing.Client;

/// <summary>A body in memory that tells while it is sent.</summary>
internal sealed class WatchedContent(ReadOnlyMemory<byte> data) : HttpContent
{
    private const int BytesAtOnce = 64 << 10;

    /// <summary>Called whenever the connection has taken over some more.</summary>
    public Action? Moved { get; set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        Stream stream,
        TransportContext? context,
        CancellationToken cancellationToken
    )
    {
        for (var at = 0; at < data.Length; at += BytesAtOnce)
        {
            await stream.WriteAsync(data.Slice(at, Math.Min(BytesAtOnce, data.Length - at)), cancellationToken);
            Moved?.Invoke();
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = data.Length;
        return true;
    }
}
