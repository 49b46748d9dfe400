using System.Buffers;
using FileSharing.Chunks;

namespace FileSharing.Client.Upload;

/// <summary>
/// Cuts a stream into chunks through one window. The cuts depend on the bytes only, never on how many of them a read returns.
/// </summary>
internal sealed class ChunkReader : IDisposable
{
    private readonly Stream source;
    private readonly Chunker chunker;
    private readonly byte[] window;
    private int start;
    private int end;
    private bool ended;

    /// <param name="windowBytes">From <see cref="WindowBytes"/>.</param>
    public ChunkReader(Stream source, ChunkingPolicy policy, int windowBytes)
    {
        this.source = source;
        chunker = new Chunker(policy);
        window = ArrayPool<byte>.Shared.Rent(windowBytes);
    }

    /// <summary>Bytes of all chunks given so far.</summary>
    public long BytesGiven { get; private set; }

    /// <summary>
    /// A window of two largest chunks moves its rest once for several cuts; a small file needs its own size and one byte, in which the end shows.
    /// </summary>
    public static int WindowBytes(ChunkingPolicy policy, long size) => (int)Math.Min(2L * policy.BytesMax, size + 1);

    /// <returns>The next chunk, empty at the end; it stands in the window and is valid until the next call.</returns>
    public async ValueTask<ReadOnlyMemory<byte>> NextAsync(CancellationToken cancellation)
    {
        await FillAsync(cancellation);
        var length = chunker.Cut(window.AsSpan(start, end - start));
        var chunk = window.AsMemory(start, length);
        start += length;
        BytesGiven += length;
        return chunk;
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(window);

    /// <summary>Reads until a whole largest chunk is in the window or the stream has ended: only then is a cut final.</summary>
    private async ValueTask FillAsync(CancellationToken cancellation)
    {
        while (!ended && end - start < chunker.Policy.BytesMax)
        {
            if (end == window.Length)
            {
                if (start == 0)
                {
                    return; // A source longer than it was said to be; the check of its size reports that.
                }

                window.AsSpan(start, end - start).CopyTo(window);
                end -= start;
                start = 0;
            }

            var count = await source.ReadAsync(window.AsMemory(end), cancellation);
            ended = count == 0;
            end += count;
        }
    }
}
