using System.Buffers;
using FileSharing.Chunks;

namespace FileSharing.Client.Upload;

/// <summary>One chunk in a pooled buffer, counted in the budget until it is disposed.</summary>
internal sealed class CutChunk : IDisposable
{
    private readonly ByteBudget budget;
    private readonly byte[] buffer;
    private int disposed;

    /// <summary>Copies the plaintext, whose bytes the caller has already taken from the budget.</summary>
    public CutChunk(int index, ReadOnlySpan<byte> plaintext, ByteBudget budget)
    {
        this.budget = budget;
        buffer = ArrayPool<byte>.Shared.Rent(plaintext.Length);
        plaintext.CopyTo(buffer);
        Index = index;
        Size = plaintext.Length;
        Id = ChunkId.OfChunk(plaintext);
    }

    /// <summary>Position in the file's list of chunks.</summary>
    public int Index { get; }

    /// <summary>Plaintext bytes.</summary>
    public int Size { get; }

    public ChunkId Id { get; }

    public ReadOnlyMemory<byte> Data => buffer.AsMemory(0, Size);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            budget.Give(Size);
        }
    }
}
