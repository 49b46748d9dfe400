using System.Buffers;

namespace FileSharing.Engine;

/// <summary>A writer that keeps nothing but the count.</summary>
internal sealed class Sink(int bytes) : IBufferWriter<byte>
{
    private readonly byte[] buffer = new byte[bytes];

    public int Written { get; private set; }

    public void Reset() => Written = 0;

    public void Advance(int count) => Written += count;

    public Memory<byte> GetMemory(int sizeHint = 0) => buffer.AsMemory(Written);

    public Span<byte> GetSpan(int sizeHint = 0) => buffer.AsSpan(Written);
}
