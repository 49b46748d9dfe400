using System.Buffers;

namespace FileSharing.UnitTests.StorageNode;

/// <summary>Gives out buffers and knows how many have not come back.</summary>
internal sealed class CountedBuffers
{
    private int given;
    private int missing;

    public int Given => Volatile.Read(ref given);

    public int Out => Volatile.Read(ref missing);

    public IMemoryOwner<byte> Rent(int bytes)
    {
        Interlocked.Increment(ref given);
        Interlocked.Increment(ref missing);
        return new Buffer(this, bytes);
    }

    private sealed class Buffer(CountedBuffers buffers, int bytes) : IMemoryOwner<byte>
    {
        private int isBack;

        public Memory<byte> Memory { get; } = new byte[bytes];

        public void Dispose()
        {
            if (Interlocked.Exchange(ref isBack, 1) == 0)
            {
                Interlocked.Decrement(ref buffers.missing);
            }
        }
    }
}
