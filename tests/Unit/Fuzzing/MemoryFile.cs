using FileSharing.BlobEngine;

namespace FileSharing.UnitTests.Fuzzing;

/// <summary>Bytes as a file that is only read.</summary>
internal sealed class MemoryFile(ReadOnlyMemory<byte> bytes) : IDiskFile
{
    public long Length => bytes.Length;

    public bool IsDirect => false;

    public int Read(Span<byte> buffer, long offset)
    {
        if (offset < 0 || offset >= bytes.Length)
        {
            // As the system does: an offset that no file can have is an error, one behind the end reads nothing.
            ArgumentOutOfRangeException.ThrowIfNegative(offset);
            return 0;
        }

        var count = Math.Min(buffer.Length, bytes.Length - (int)offset);
        bytes.Span.Slice((int)offset, count).CopyTo(buffer);
        return count;
    }

    public int ReadCached(Span<byte> buffer, long offset) => 0;

    public ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken ct) =>
        ValueTask.FromResult(Read(buffer.Span, offset));

    public void Write(ReadOnlySpan<byte> bytes, long offset) => throw new NotSupportedException();

    public void SyncData() => throw new NotSupportedException();

    public void Sync() => throw new NotSupportedException();

    public void Allocate(long offset, long length) => throw new NotSupportedException();

    public void Truncate(long length) => throw new NotSupportedException();

    public void Dispose() { }
}
