namespace FileSharing.Client;

/// <summary>
/// What the server, a storage node or the way to them refused. The message says what happened and, where something can be done, what to do.
/// </summary>
public sealed class FileShareException : Exception
{
    public FileShareException(string type, string detail, Exception? inner = null)
        : base(detail, inner)
    {
        Type = type;
    }

    /// <summary>The stable name of the error: what the server sent (<c>urn:fileshare:error:NAME</c>) or one of <see cref="ErrorTypes"/>.</summary>
    public string Type { get; }

    /// <summary>The HTTP status, 0 when no reply arrived or the client itself found the fault.</summary>
    public int Status { get; init; }

    /// <summary>The server's id of the request, for its log; null when no reply carried one.</summary>
    public string? TraceId { get; init; }

    /// <summary>How long the server asked to wait before the next attempt; null when it did not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>True when the same request may succeed later: the connection broke, or the status is 429, 502, 503 or 504.</summary>
    public bool IsRetryable { get; init; }
}
