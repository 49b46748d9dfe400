namespace FileSharing.Client.Wire;

/// <summary>RFC 9457 problem details as the server sends them.</summary>
internal sealed record ProblemDocument
{
    public string? Type { get; init; }
    public string? Title { get; init; }
    public string? Detail { get; init; }
    public string? TraceId { get; init; }
}
