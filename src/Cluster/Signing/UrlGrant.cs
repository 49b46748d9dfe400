using FileSharing.Chunks;

namespace FileSharing.Cluster.Signing;

/// <summary>
/// What one signed URL allows: docs/node-protocol.md, section 1. Made by the API, read back by the node that verified the signature.
/// </summary>
public sealed record UrlGrant
{
    /// <summary>Longest life of a URL that reads.</summary>
    public static readonly TimeSpan DownloadLifetimeMax = TimeSpan.FromHours(1);

    /// <summary>Longest life of a URL that writes.</summary>
    public static readonly TimeSpan UploadLifetimeMax = TimeSpan.FromHours(24);

    /// <summary>GET (which covers HEAD), PUT or POST.</summary>
    public required string Method { get; init; }

    /// <summary>Path without host or query; the last segment names the content.</summary>
    public required string Path { get; init; }

    /// <summary>For downloads: the only kind of record that the URL opens.</summary>
    public RecordKind Kind { get; init; }

    /// <summary>Plain bytes: exact for a chunk, part or file; the largest body for a batch.</summary>
    public long Bytes { get; init; }

    /// <summary>File name for Content-Disposition.</summary>
    public string? Name { get; init; }

    /// <summary>Media type of the answer.</summary>
    public string? Type { get; init; }

    /// <summary>"attachment" or "inline".</summary>
    public string? Disposition { get; init; }

    /// <summary>SHA-256 of the whole file in hex, where it is known.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>The upload session that may use what is put; only it accepts the receipt.</summary>
    public Guid? UploadId { get; init; }

    /// <summary>Index of the part in its upload.</summary>
    public int? Index { get; init; }

    /// <summary>GC epoch of the session: the stamp that protects what is put.</summary>
    public uint? Epoch { get; init; }

    public static UrlGrant PutChunk(ChunkId id, int bytes, Guid uploadId, int index, uint epoch) =>
        new()
        {
            Method = "PUT",
            Path = $"/v1/chunks/{id}",
            Bytes = bytes,
            UploadId = uploadId,
            Index = index,
            Epoch = epoch,
        };

    public static UrlGrant PutPart(Guid uploadId, int index, long bytes, uint epoch) =>
        new()
        {
            Method = "PUT",
            Path = $"/v1/parts/{uploadId:D}/{index}",
            Bytes = bytes,
            UploadId = uploadId,
            Index = index,
            Epoch = epoch,
        };

    public static UrlGrant PutBatch(Guid uploadId, int bodyBytesMax, uint epoch) =>
        new()
        {
            Method = "POST",
            Path = "/v1/chunks",
            Bytes = bodyBytesMax,
            UploadId = uploadId,
            Epoch = epoch,
        };

    public static UrlGrant GetChunk(ChunkId id, int bytes) =>
        new()
        {
            Method = "GET",
            Path = $"/v1/chunks/{id}",
            Bytes = bytes,
        };

    public static UrlGrant GetFile(
        ChunkId content,
        RecordKind kind,
        long bytes,
        string name,
        string type,
        string? fingerprint = null,
        bool inline = false
    ) =>
        new()
        {
            Method = "GET",
            Path = $"/v1/files/{content}",
            Kind = kind,
            Bytes = bytes,
            Name = name,
            Type = type,
            Disposition = inline ? "inline" : "attachment",
            Fingerprint = fingerprint,
        };
}
