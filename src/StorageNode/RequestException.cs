namespace FileSharing.StorageNode;

/// <summary>A request that is answered with a problem (RFC 9457). Nothing of it is kept.</summary>
/// <param name="status">HTTP status.</param>
/// <param name="type">Stable name of the problem, without the common prefix.</param>
/// <param name="detail">What is wrong and what to do.</param>
internal sealed class RequestException(int status, string type, string detail) : Exception(detail)
{
    public int Status { get; } = status;

    public string Type { get; } = type;

    /// <summary>With 416: how large the content is.</summary>
    public string? ContentRange { get; init; }
}
