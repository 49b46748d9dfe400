namespace FileSharing.BlobEngine;

/// <summary>Bytes read from a segment, in a pooled buffer that may hold more around them. Every holder disposes its own.</summary>
internal readonly struct SegmentBytes(PooledBuffer buffer, int start, int length) : IDisposable
{
    public Memory<byte> Memory => buffer.Memory.Slice(start, length);

    public Span<byte> Span => buffer.GetSpan().Slice(start, length);

    public SegmentBytes AddReference() => new(buffer.AddReference(), start, length);

    public void Dispose() => buffer.Dispose();
}
