using System.Buffers;

namespace FileSharing.StorageNode.Downloads;

/// <summary>
/// Counts what a reader has handed over, so that after a damaged block the rest can come from another copy, and nothing twice.
/// </summary>
internal sealed class CountingWriter(IBufferWriter<byte> inner) : IBufferWriter<byte>
{
    public int Written { get; private set; }

    public void Advance(int count)
    {
        inner.Advance(count);
        Written += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);
}
