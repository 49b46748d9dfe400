using System.Buffers;

namespace FileSharing.Native.Zstd;

/// <summary>
/// Reads the plaintext of the zstd frames in another stream, as <c>Content-Encoding: zstd</c> carries them (RFC 8878).
/// Memory is bounded by the window limit, whatever the frame asks for; the length of the plaintext is the caller's to bound.
/// </summary>
public sealed class ZstdDecompressionStream : Stream
{
    /// <summary>8 MiB, the window that every decoder of the content coding must take and no encoder may exceed (RFC 9659).</summary>
    public const int WindowLogMax = 23;

    private const int InputBytes = 64 << 10;

    private readonly ZstdDecompressHandle context = new();
    private readonly Stream source;
    private readonly bool leaveOpen;
    private readonly byte[] input = ArrayPool<byte>.Shared.Rent(InputBytes);
    private int inputStart;
    private int inputEnd;
    private bool atFrameEnd = true;
    private bool disposed;

    /// <param name="source">Read to its end.</param>
    /// <param name="leaveOpen">Whether <paramref name="source"/> stays open when this is disposed.</param>
    public ZstdDecompressionStream(Stream source, bool leaveOpen = false)
    {
        this.source = source;
        this.leaveOpen = leaveOpen;
        ZstdApi.Check(ZstdApi.ZSTD_DCtx_setParameter(context, ZstdApi.ParameterWindowLogMax, WindowLogMax));
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="InvalidDataException">Damaged, cut short, or a window beyond the limit.</exception>
    public override int Read(Span<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var written = Step(buffer);
            if (written > 0)
            {
                return written;
            }

            if (inputStart == inputEnd && !Filled(source.Read(input, 0, InputBytes)))
            {
                return 0;
            }
        }

        return 0;
    }

    /// <inheritdoc cref="Read(Span{byte})"/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (buffer.Length > 0)
        {
            var written = Step(buffer.Span);
            if (written > 0)
            {
                return written;
            }

            if (
                inputStart == inputEnd
                && !Filled(await source.ReadAsync(input.AsMemory(0, InputBytes), cancellationToken))
            )
            {
                return 0;
            }
        }

        return 0;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    private bool Filled(int bytes)
    {
        inputStart = 0;
        inputEnd = bytes;
        if (bytes == 0 && !atFrameEnd)
        {
            throw new InvalidDataException("zstd: the data ends inside a frame.");
        }

        return bytes > 0;
    }

    /// <summary>One call of the library; it may have output left from earlier input, so it is also called with none.</summary>
    private unsafe int Step(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        if (inputStart == inputEnd && atFrameEnd)
        {
            return 0;
        }

        fixed (byte* from = input)
        fixed (byte* to = buffer)
        {
            var output = new ZstdBuffer { Data = to, Length = (nuint)buffer.Length };
            var unread = new ZstdBuffer
            {
                Data = from,
                Length = (nuint)inputEnd,
                Position = (nuint)inputStart,
            };
            atFrameEnd = ZstdApi.Check(ZstdApi.ZSTD_decompressStream(context, &output, &unread)) == 0;
            inputStart = (int)unread.Position;
            return (int)output.Position;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !disposed)
        {
            disposed = true;
            context.Dispose();
            ArrayPool<byte>.Shared.Return(input);
            if (!leaveOpen)
            {
                source.Dispose();
            }
        }

        base.Dispose(disposing);
    }

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
