using System.Buffers.Binary;

namespace FileSharing.Load;

/// <summary>
/// Bytes that do not compress and that no two requests share: a block of random bytes with a counter stamped into every 64 KiB, since making fresh random
/// bytes would cost more than storing them.
/// </summary>
internal sealed class Content
{
    private const int StampEveryBytes = 64 << 10;

    private readonly byte[] block = new byte[64 << 20];
    private readonly int seed;
    private long next;

    public Content(int seed)
    {
        this.seed = seed;
        new Random(seed).NextBytes(block);
    }

    /// <summary>Fills the buffer with bytes that were never given out before.</summary>
    public void Fill(Span<byte> buffer)
    {
        var number = Interlocked.Increment(ref next);
        block.AsSpan(0, buffer.Length).CopyTo(buffer);
        for (var at = 0; at < buffer.Length; at += StampEveryBytes)
        {
            BinaryPrimitives.WriteInt64LittleEndian(buffer[at..], number);
            BinaryPrimitives.WriteInt32LittleEndian(buffer[(at + 8)..], seed);
        }
    }
}
