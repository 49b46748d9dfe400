namespace FileSharing.Client.Upload;

/// <summary>Where an upload becomes visible.</summary>
public sealed record UploadTarget
{
    public required string Name { get; init; }

    /// <summary>Folder of a new file; null or <see cref="FileShareClient.RootFolderId"/> for the caller's own top folder.</summary>
    public string? ParentId { get; init; }

    /// <summary>The file that gets a new version; null for a new file.</summary>
    public string? FileId { get; init; }

    /// <summary>Media type.</summary>
    public string Type { get; init; } = "application/octet-stream";
}

/// <summary>What an upload left behind.</summary>
/// <param name="Size">Bytes of the file.</param>
/// <param name="BytesSent">Bytes that went over the network: what the server did not have.</param>
public sealed record UploadResult(string FileId, string VersionId, long Size, long BytesSent);
