using System.Text.Json.Serialization;
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

    /// <summary>Media type; null for a folder.</summary>
    public string? Type { get; init; }

    /// <summary>file or folder.</summary>
    public string? Kind { get; init; }

    public DateTimeOffset? UploadDate { get; init; }
    public string? VersionId { get; init; }
    public string? Status { get; init; }
    public string? Owner { get; init; }
    public string? ParentId { get; init; }

    /// <summary>SHA-256 of the whole file, 64 hex digits; null where the server does not know it.</summary>
    public string? Fingerprint { get; init; }

    public string? Compression { get; init; }

    /// <summary>What the caller may do: owner, manager, editor or viewer.</summary>
    public string? Permissions { get; init; }

    /// <summary>In order of the file; only where they were asked for.</summary>
    public IReadOnlyList<RemoteChunk>? Chunks { get; init; }

    /// <summary>Where the list of chunks goes on; null when it is complete.</summary>
    public string? NextCursor { get; init; }

    public const string FolderKind = "folder";

    /// <summary>Neither serialised nor sent: it follows from the kind.</summary>
    [JsonIgnore]
    public bool IsFolder => Kind == FolderKind;
}

/// <summary>One chunk of a file.</summary>
/// <param name="Size">Plaintext bytes.</param>
public sealed record RemoteChunk(ChunkId Id, int Size, string? Status = null);
