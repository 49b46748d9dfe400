using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using FileSharing.Native.Posix;

namespace FileSharing.BlobEngine;

/// <summary>
/// Native buffers aligned to 4 KiB, as O_DIRECT needs them, kept for reuse: on virtual machines fresh memory costs many times what
/// copying into used memory does. Thread-safe.
/// </summary>
/// <param name="keptBytesMax">Bytes of idle buffers to keep; what comes back beyond is freed.</param>
public sealed class BufferPool(long keptBytesMax) : IDisposable
{
    /// <summary>The largest buffer: one batch of the segment writer.</summary>
    public const int BufferBytesMax = 16 << 20;

    internal const int AlignmentBytes = 4096;

    /// <summary>Of x86-64 and of arm64 with pages of 4 KiB.</summary>
    private const int HugePageBytes = 2 << 20;

    /// <summary>Powers of two with room for a record's overhead: a 1 MiB chunk is a record of a little over 1 MiB.</summary>
    private static readonly int[] ClassBytes =
    [
        16 << 10,
        (64 + 8) << 10,
        (256 + 16) << 10,
        (1024 + 64) << 10,
        (2048 + 64) << 10,
        (4096 + 64) << 10,
        (10_240 + 64) << 10,
        BufferBytesMax,
    ];

    private readonly ConcurrentBag<nint>[] idle = [.. ClassBytes.Select(_ => new ConcurrentBag<nint>())];
    private long keptBytes;
    private bool disposed;

    /// <summary>Bytes of idle buffers at present.</summary>
    public long KeptBytes => Volatile.Read(ref keptBytes);

    /// <summary>A buffer of exactly this many bytes to the caller, with one reference. Its content is undefined.</summary>
    /// <param name="bytes">1 to <see cref="BufferBytesMax"/>.</param>
    public unsafe PooledBuffer Rent(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, BufferBytesMax);
        var sizeClass = Array.FindIndex(ClassBytes, size => size >= bytes);
        if (idle[sizeClass].TryTake(out var address))
        {
            Interlocked.Add(ref keptBytes, -ClassBytes[sizeClass]);
        }
        else
        {
            address = Allocate(ClassBytes[sizeClass]);
        }

        return new PooledBuffer(this, address, sizeClass, bytes);
    }

    /// <summary>Large buffers lie in huge pages where there are some: the kernel pins and maps a page at a time, and O_DIRECT pins them for every write.</summary>
    private static unsafe nint Allocate(int bytes)
    {
        var isLarge = bytes >= HugePageBytes;
        var address = NativeMemory.AlignedAlloc((nuint)bytes, (nuint)(isLarge ? HugePageBytes : AlignmentBytes));
        if (isLarge)
        {
            PosixMemory.AdviseHugePages(address, bytes);
        }

        return (nint)address;
    }

    internal unsafe void Return(nint address, int sizeClass)
    {
        var bytes = ClassBytes[sizeClass];
        if (!disposed && Interlocked.Add(ref keptBytes, bytes) <= keptBytesMax)
        {
            idle[sizeClass].Add(address);
            return;
        }

        if (!disposed)
        {
            Interlocked.Add(ref keptBytes, -bytes);
        }

        NativeMemory.AlignedFree((void*)address);
    }

    /// <summary>Frees the idle buffers; those still rented are freed when they come back.</summary>
    public unsafe void Dispose()
    {
        disposed = true;
        foreach (var bag in idle)
        {
            while (bag.TryTake(out var address))
            {
                NativeMemory.AlignedFree((void*)address);
            }
        }
    }
}
