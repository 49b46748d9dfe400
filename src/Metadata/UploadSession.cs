using FileSharing.Chunks;

namespace FileSharing.Metadata;

public enum UploadStatus
{
    Open = 0,
    Committed = 1,
    Aborted = 2,
    Expired = 3,
}

/// <summary>What is known of one chunk of an upload.</summary>
public enum ChunkStatus
{
    /// <summary>Named by the client; gives no right to anything.</summary>
    NotUploaded = 0,

    /// <summary>Proved by a notification or receipt: the bytes came through this session.</summary>
    Uploaded = 1,

    /// <summary>The user was entitled to skip it, and two owners hold it and have stamped it.</summary>
    Have = 2,
}

/// <summary>A chunk as a client lists it.</summary>
/// <param name="Size">Plaintext bytes, 1 to 10 MiB.</param>
public readonly record struct ListedChunk(ChunkId Id, int Size);

/// <summary>What a session is opened for. The caller has checked the rights on the target.</summary>
public sealed record NewUpload
{
    public Guid SpaceId { get; init; }
    public Guid UserId { get; init; }
    public Guid ParentId { get; init; }
    public required string Name { get; init; }

    /// <summary>The file that gets a new version; null for a new file.</summary>
    public Guid? FileId { get; init; }

    /// <summary>The version that must still be current at the commit.</summary>
    public Guid? BaseVersion { get; init; }
    public long Size { get; init; }
    public required string MimeType { get; init; }

    /// <summary>As the client declares it; not proved.</summary>
    public ChunkId? Fingerprint { get; init; }

    /// <summary>Bytes of a positional part; 0 when the client sends a chunk list.</summary>
    public long PartSize { get; init; }

    /// <summary>False when more chunks will be listed.</summary>
    public bool ListComplete { get; init; }
    public IReadOnlyList<ListedChunk> Chunks { get; init; } = [];
}

/// <summary>An upload, bound to one user and one target.</summary>
public sealed record UploadSession
{
    public Guid SpaceId { get; init; }
    public Guid UploadId { get; init; }
    public Guid UserId { get; init; }
    public Guid ParentId { get; init; }
    public required string Name { get; init; }
    public Guid FileId { get; init; }
    public bool IsNewFile { get; init; }
    public Guid? BaseVersion { get; init; }
    public long Size { get; init; }
    public required string MimeType { get; init; }

    /// <summary>As the client declared it; not proved.</summary>
    public byte[]? Fingerprint { get; init; }
    public long PartSize { get; init; }
    public int PartCount { get; init; }
    public long ListedBytes { get; init; }
    public bool ListComplete { get; init; }

    /// <summary>The GC epoch at the start: what owners stamp adopted and new chunks with.</summary>
    public long Epoch { get; init; }
    public UploadStatus Status { get; init; }

    /// <summary>Counts the changes of the chunk list: chunks listed, parts recorded.</summary>
    public int Revision { get; init; }
    public Guid? VersionId { get; init; }
    public DateTime ExpiresAt { get; init; }

    /// <summary>True when the client cuts nothing: storage nodes cut the parts.</summary>
    public bool IsPositional => PartSize > 0;

    /// <summary>Bytes of a positional part; the last may be shorter.</summary>
    public long PartBytes(int index) => Math.Min(PartSize, Size - (index * PartSize));
}

/// <summary>One part of a session, as its status page shows it.</summary>
/// <param name="Index">From 0, in file order.</param>
/// <param name="ChunkId">Null for a positional part.</param>
public sealed record UploadPart(int Index, ChunkId? ChunkId, long Size, ChunkStatus Status);
