namespace FileSharing.Client.Wire;

internal sealed record LoginRequest(string Email, string Password);

internal sealed record AddUserRequest(string Email, string Name, string Password);

internal sealed record AddFolderRequest(string Name, string? ParentId);

internal sealed record AddFolderReply
{
    public required string FolderId { get; init; }
}

internal sealed record UpdateRequest(string? Name, string? ParentId);

internal sealed record ShareRequest(string FileId, string SharedWith, string Permissions);

internal sealed record ScrubRequest(string? Volume);

internal sealed record LayoutChangeRequest(string Operation, string Volume, double? Weight);

internal sealed record LayoutApplyRequest(string? Plan);

internal sealed record AcceptLossRequest(IReadOnlyList<string> Volumes);

internal sealed record NodeTokenRequest(string? Name);

internal sealed record MetadataReply
{
    public required RemoteItem Metadata { get; init; }
}

/// <summary>One page of any list.</summary>
internal sealed record Page<T>
{
    public IReadOnlyList<T> Items { get; init; } = [];
    public string? NextCursor { get; init; }
}
