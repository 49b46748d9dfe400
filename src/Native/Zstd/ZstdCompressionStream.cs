using System.Buffers;

namespace FileSharing.Native.Zstd;

/// <summary>Writes one zstd frame to another stream, ended by disposing this. Flushing makes all bytes so far readable at the other side.</summary>
public sealed class ZstdCompressionStream : Stream
{
    private const int OutputBytes = 64 << 10;

    private readonly ZstdCompressHandle context = new();
    private readonly Stream target;
    private readonly bool leaveOpen;
    private readonly byte[] output = ArrayPool<byte>.Shared.Rent(OutputBytes);
    private bool disposed;

    /// <param name="target">Where the frame goes.</param>
    /// <param name="level">1 (fast) to 19.</param>
    /// <param name="leaveOpen">Whether <paramref name="target"/> stays open when this is disposed.</param>
    public ZstdCompressionStream(Stream target, int level, bool leaveOpen = false)
    {
        this.target = target;
        this.leaveOpen = leaveOpen;
        ZstdApi.Check(ZstdApi.ZSTD_CCtx_setParameter(context, ZstdApi.ParameterCompressionLevel, level));
        ZstdApi.Check(ZstdApi.ZSTD_CCtx_setParameter(context, ZstdApi.ParameterChecksumFlag, 1));
    }

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        bool more;
        do
        {
            more = Step(ref buffer, ZstdApi.EndContinue, out var ready);
            target.Write(output, 0, ready);
        } while (more);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer,
        CancellationToken cancellationToken = default
    )
    {
        bool more;
        do
        {
            var unread = buffer.Span;
            more = Step(ref unread, ZstdApi.EndContinue, out var ready);
            buffer = buffer[^unread.Length..];
            await target.WriteAsync(output.AsMemory(0, ready), cancellationToken);
        } while (more);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
        Finish(ZstdApi.EndFlush);
        target.Flush();
    }

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        await FinishAsync(ZstdApi.EndFlush, cancellationToken);
        await target.FlushAsync(cancellationToken);
    }

    private void Finish(int end)
    {
        bool more;
        do
        {
            var nothing = ReadOnlySpan<byte>.Empty;
            more = Step(ref nothing, end, out var ready);
            target.Write(output, 0, ready);
        } while (more);
    }

    private async Task FinishAsync(int end, CancellationToken ct)
    {
        bool more;
        do
        {
            more = StepWithoutInput(end, out var ready);
            await target.WriteAsync(output.AsMemory(0, ready), ct);
        } while (more);
    }

    private bool StepWithoutInput(int end, out int ready)
    {
        var nothing = ReadOnlySpan<byte>.Empty;
        return Step(ref nothing, end, out ready);
    }

    /// <returns>Whether to call again: input left, or (when flushing or ending) output left inside the library.</returns>
    private unsafe bool Step(ref ReadOnlySpan<byte> input, int end, out int ready)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        fixed (byte* from = input)
        fixed (byte* to = output)
        {
            var room = new ZstdBuffer { Data = to, Length = OutputBytes };
            var unread = new ZstdBuffer { Data = from, Length = (nuint)input.Length };
            var left = ZstdApi.Check(ZstdApi.ZSTD_compressStream2(context, &room, &unread, end));
            ready = (int)room.Position;
            input = input[(int)unread.Position..];
            return end == ZstdApi.EndContinue ? input.Length > 0 : left > 0;
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (!disposed)
        {
            await FinishAsync(ZstdApi.EndFrame, CancellationToken.None);
            Release();
            if (!leaveOpen)
            {
                await target.DisposeAsync();
            }
        }

        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !disposed)
        {
            Finish(ZstdApi.EndFrame);
            Release();
            if (!leaveOpen)
            {
                target.Dispose();
            }
        }

        base.Dispose(disposing);
    }

    private void Release()
    {
        disposed = true;
        context.Dispose();
        ArrayPool<byte>.Shared.Return(output);
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
