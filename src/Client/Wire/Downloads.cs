namespace FileSharing.Client.Wire;

internal sealed record DownloadReply
{
    public Uri? DownloadUrl { get; init; }
    public IReadOnlyList<Uri>? DownloadUrls { get; init; }
    public required RemoteItem Metadata { get; init; }

    public IReadOnlyList<Uri> Sources =>
        DownloadUrls is { Count: > 0 } ? DownloadUrls
        : DownloadUrl is null ? []
        : [DownloadUrl];
}
