using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace FileSharing.Cluster.Hosting;

/// <summary>
/// Memory for Kestrel's pipes in blocks of 128 KiB instead of 4 KiB: receiving a large body costs a third of the CPU, because each block costs a
/// system call and a segment (docs/decisions). What is kept is bounded; beyond, blocks go back to the runtime.
/// </summary>
public sealed class LargeBlockMemoryPool : MemoryPool<byte>
{
    /// <summary>A block of a record is 128 KiB of plaintext: one fits, decoded in place.</summary>
    public const int BlockBytes = 128 << 10;

    /// <summary>Blocks kept for reuse: 32 MiB a process.</summary>
    private const int BlocksKeptMax = 256;

    private readonly ConcurrentStack<byte[]> kept = new();
    private int keptCount;

    public override int MaxBufferSize => BlockBytes;

    /// <exception cref="ArgumentOutOfRangeException">More than a block.</exception>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
        if (kept.TryPop(out var block))
        {
            Interlocked.Decrement(ref keptCount);
        }
        else
        {
            block = GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true);
        }

        return new Rented(this, block);
    }

    private void Return(byte[] block)
    {
        if (Interlocked.Increment(ref keptCount) <= BlocksKeptMax)
        {
            kept.Push(block);
        }
        else
        {
            Interlocked.Decrement(ref keptCount);
        }
    }

    protected override void Dispose(bool disposing) => kept.Clear();

    private sealed class Rented(LargeBlockMemoryPool pool, byte[] block) : IMemoryOwner<byte>
    {
        private byte[]? block = block;

        public Memory<byte> Memory => block ?? throw new ObjectDisposedException(nameof(Rented));

        public void Dispose()
        {
            if (Interlocked.Exchange(ref block, null) is { } returned)
            {
                pool.Return(returned);
            }
        }
    }
}

/// <summary>Gives every server of the process the same pool, so that the bound holds for the process.</summary>
public sealed class LargeBlockMemoryPoolFactory : IMemoryPoolFactory<byte>
{
    private static readonly LargeBlockMemoryPool OfProcess = new();

    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new Lent(OfProcess);

    /// <summary>A server disposes the pool that it was given; that of the process lives on.</summary>
    private sealed class Lent(LargeBlockMemoryPool pool) : MemoryPool<byte>
    {
        public override int MaxBufferSize => pool.MaxBufferSize;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => pool.Rent(minBufferSize);

        protected override void Dispose(bool disposing) { }
    }
}
