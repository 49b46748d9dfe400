using System.Buffers;

namespace FileSharing;

/// <summary>An array where a buffer with an owner is asked for.</summary>
internal sealed class UnpooledBytes(byte[] bytes) : IMemoryOwner<byte>
{
    public Memory<byte> Memory => bytes;

    public void Dispose()
    {
        // The collector's.
    }
}
