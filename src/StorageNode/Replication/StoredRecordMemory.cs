using System.Buffers;
using System.Runtime.InteropServices;
using FileSharing.BlobEngine;

namespace FileSharing.StorageNode.Replication;

/// <summary>Lets a lease hold a record that was read from a volume. The bytes are only read.</summary>
internal sealed class StoredRecordMemory(StoredRecord record) : IMemoryOwner<byte>
{
    public Memory<byte> Memory => MemoryMarshal.AsMemory(record.Memory);

    public void Dispose() => record.Dispose();
}
