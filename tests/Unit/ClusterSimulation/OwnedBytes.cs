using System.Buffers;

namespace FileSharing.UnitTests.ClusterSimulation;

/// <summary>Bytes that nobody has to give back.</summary>
internal sealed class OwnedBytes(byte[] bytes) : IMemoryOwner<byte>
{
    public Memory<byte> Memory => bytes;

    public void Dispose() { }
}
