using System.Buffers;

namespace FileSharing.BlobEngine;

/// <summary>
/// A buffer from a <see cref="BufferPool"/>. Whoever holds a reference may read it; the last <see cref="IDisposable.Dispose"/> gives it back,
/// after which its memory
/// belongs to somebody else. There is no finalizer: a span does not keep its buffer alive.
/// </summary>
public sealed unsafe class PooledBuffer : MemoryManager<byte>
{
    private readonly BufferPool pool;
    private readonly nint address;
    private readonly int sizeClass;
    private int references = 1;

    internal PooledBuffer(BufferPool pool, nint address, int sizeClass, int length)
    {
        this.pool = pool;
        this.address = address;
        this.sizeClass = sizeClass;
        Length = length;
    }

    /// <summary>Bytes asked for.</summary>
    public int Length { get; }

    /// <summary>One more holder, who must dispose it too.</summary>
    public PooledBuffer AddReference()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref references) <= 0, this);
        Interlocked.Increment(ref references);
        return this;
    }

    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(references <= 0, this);
        return new Span<byte>((void*)address, Length);
    }

    public override MemoryHandle Pin(int elementIndex = 0) => new((byte*)address + elementIndex, default, this);

    public override void Unpin() { }

    public void Dispose() => ((IDisposable)this).Dispose();

    protected override void Dispose(bool disposing)
    {
        var left = Interlocked.Decrement(ref references);
        ObjectDisposedException.ThrowIf(left < 0, this);
        if (left == 0)
        {
            pool.Return(address, sizeClass);
        }
    }
}
