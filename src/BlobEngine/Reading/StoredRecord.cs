using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <summary>One whole record as read from a volume, its checksum verified, in a pooled buffer. Dispose it: the memory is used again then.</summary>
public sealed class StoredRecord : IDisposable
{
    private readonly SegmentBytes bytes;

    internal StoredRecord(SegmentBytes bytes, RecordHeader header)
    {
        this.bytes = bytes;
        Header = header;
    }

    public RecordHeader Header { get; }

    public ChunkId Id => Header.Id;

    /// <summary>The encoded bytes, all of them; valid until the last holder disposes.</summary>
    public ReadOnlyMemory<byte> Memory => bytes.Memory;

    /// <summary>One more holder of the same bytes, who must dispose the result.</summary>
    public StoredRecord AddReference() => new(bytes.AddReference(), Header);

    public void Dispose() => bytes.Dispose();
}
