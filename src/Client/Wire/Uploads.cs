using System.Text.Json;
using FileSharing.Chunks;

namespace FileSharing.Client.Wire;

internal sealed record UploadMetadata(string Name, long Size, string Type, string? Fingerprint);

internal sealed record UploadChunk(ChunkId Id, int Size);

internal sealed record UploadRequest
{
    public required UploadMetadata Metadata { get; init; }
    public string? ParentId { get; init; }
    public string? FileId { get; init; }
    public required IReadOnlyList<UploadChunk> Chunks { get; init; }
    public bool? More { get; init; }
}

internal sealed record AddChunksRequest(IReadOnlyList<UploadChunk> Chunks, bool Last);

internal sealed record UploadPart
{
    public int Index { get; init; }
    public ChunkId? ChunkId { get; init; }
    public long Size { get; init; }
    public string? Status { get; init; }
    public Uri? Url { get; init; }
    public IReadOnlyList<Uri>? Urls { get; init; }

    /// <summary>False for <c>have</c> and <c>uploaded</c>: the server needs no bytes.</summary>
    public bool IsWanted => Status == "not-uploaded";

    /// <summary>Where the part can be PUT, the first owner first.</summary>
    public IReadOnlyList<Uri> Targets =>
        Urls is { Count: > 0 } ? Urls
        : Url is null ? []
        : [Url];
}

/// <summary>The reply to opening a session, to adding chunks, and to asking for its state.</summary>
internal sealed record UploadReply
{
    public string? FileId { get; init; }
    public string? UploadId { get; init; }
    public IReadOnlyList<UploadPart> Parts { get; init; } = [];
    public string? NextCursor { get; init; }
    public string? ChunkingPolicy { get; init; }
}

/// <param name="Receipts">Replies of PUTs as they came: they are signed and not ours to rewrite.</param>
internal sealed record CompleteRequest(IReadOnlyList<JsonElement> Receipts);

internal sealed record CompleteReply
{
    public required string FileId { get; init; }
    public required string VersionId { get; init; }
    public long Size { get; init; }
    public string? Fingerprint { get; init; }
}
