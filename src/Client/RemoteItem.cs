using FileSharing.Chunks;

namespace FileSharing.Client;

/// <summary>A file or folder as the server describes it; what a call does not tell is null.</summary>
public sealed record RemoteItem
{
    /// <summary>The id to use in every call; folders have ids of the same kind.</summary>
    public string FileId { get; init; } = "";

    public string Name { get; init; } = "";

    /// <summary>Bytes of the newest version; 0 for a folder.</summary>
    public long Size { get; init; }

    /// <summary>Media type of a file; <see cref="FolderType"/> for a folder.</summary>
    public string? Type { get; init; }

    public DateTimeOffset? UploadDate { get; init; }
    public string? VersionId { get; init; }
    public string? Status { get; init; }
    public string? Owner { get; init; }
    public string? ParentId { get; init; }

    /// <summary>SHA-256 of the whole file, 64 hex digits; null where the server does not know it.</summary>
    public string? Fingerprint { get; init; }

    public string? Compression { get; init; }

    /// <summary>The right that a share gives: viewer, editor or manager; null for what is one's own.</summary>
    public string? Permissions { get; init; }

    /// <summary>In order of the file; only where they were asked for.</summary>
    public IReadOnlyList<RemoteChunk>? Chunks { get; init; }

    public const string FolderType = "folder";

    /// <summary>Neither serialised nor sent: it follows from the type.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsFolder => Type == FolderType;
}

/// <summary>One chunk of a file.</summary>
/// <param name="Size">Plaintext bytes.</param>
public sealed record RemoteChunk(ChunkId Id, int Size, string? Status = null);
