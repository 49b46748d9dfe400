using System.IO.Pipelines;
using System.Text;

namespace FileSharing.StorageNode.Downloads;

/// <summary>The frame of a multipart/byteranges answer, made beforehand so that its length is known: RFC 9110, section 14.6.</summary>
internal sealed class MultipartRanges
{
    private readonly List<byte[]> heads;
    private readonly byte[] end;

    /// <param name="boundary">Random, so that no content can hold it on purpose.</param>
    public MultipartRanges(IReadOnlyList<ByteRange> ranges, long size, string contentType, string boundary)
    {
        Ranges = ranges;
        ContentType = $"multipart/byteranges; boundary={boundary}";
        heads =
        [
            .. ranges.Select(
                (range, i) =>
                    Encoding.ASCII.GetBytes(
                        $"{(i == 0 ? "" : "\r\n")}--{boundary}\r\nContent-Type: {contentType}\r\nContent-Range: bytes {range.Offset}-{range.Last}/{size}\r\n\r\n"
                    )
            ),
        ];
        end = Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n");
        ContentLength = heads.Sum(head => (long)head.Length) + ranges.Sum(range => range.Length) + end.Length;
    }

    public IReadOnlyList<ByteRange> Ranges { get; }

    public string ContentType { get; }

    public long ContentLength { get; }

    /// <param name="writeRange">Writes the bytes of one range.</param>
    public async Task WriteAsync(
        PipeWriter destination,
        Func<ByteRange, Task> writeRange,
        CancellationToken cancellationToken
    )
    {
        for (var i = 0; i < Ranges.Count; i++)
        {
            await destination.WriteAsync(heads[i], cancellationToken);
            await writeRange(Ranges[i]);
        }

        await destination.WriteAsync(end, cancellationToken);
    }
}
