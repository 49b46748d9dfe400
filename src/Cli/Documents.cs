using FileSharing.Client.Folders;

namespace FileSharing.Cli;

/// <summary>Any list, in the form that the REST interface has.</summary>
internal sealed record Listing<T>(IReadOnlyList<T> Items);

internal sealed record LoginLine(Uri Url, string? Email, DateTimeOffset? ExpiresAt);

/// <summary>What put and get did.</summary>
internal sealed record TransferLine(IReadOnlyList<TransferredItem> Items, IReadOnlyList<ItemFailure> Failures);

/// <summary>One argument of put or get; the counters are those of a folder.</summary>
/// <param name="Path">Where it is now: a remote path for put, a local one for get.</param>
internal sealed record TransferredItem(
    string Path,
    string FileId,
    string? VersionId,
    long? Size,
    long? Files,
    long? Skipped,
    long BytesMoved
);

internal sealed record RemovedLine(IReadOnlyList<string> Removed, IReadOnlyList<ItemFailure> Failures);

internal sealed record FolderLine(string FolderId, string Path);

internal sealed record MovedLine(string FileId, string Path);

/// <summary>One line of a tree.</summary>
internal sealed record TreeLine(string Path, string FileId, string? Kind, string? Type, long Size);
