namespace FileSharing.Client;

/// <summary>What a login gives.</summary>
public sealed record LoginReply
{
    /// <summary>The bearer token. A secret.</summary>
    public required string Token { get; init; }

    public DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>An account.</summary>
public sealed record RemoteUser
{
    public required string UserId { get; init; }
    public string? Name { get; init; }
    public string? Email { get; init; }
    public bool IsAdministrator { get; init; }
    public DateTimeOffset? CreatedAt { get; init; }
}

/// <summary>Who else may use a file or folder.</summary>
public sealed record RemoteShare
{
    public required string ShareId { get; init; }

    /// <summary>The id of the other user, or of the group.</summary>
    public required string SharedWith { get; init; }

    /// <summary>Of a user; null for a group.</summary>
    public string? SharedWithEmail { get; init; }

    /// <summary>The name of a group; null for a user.</summary>
    public string? SharedWithGroup { get; init; }

    /// <summary>viewer, editor or manager.</summary>
    public required string Permissions { get; init; }
}

/// <summary>The reply to sharing.</summary>
public sealed record ShareReply
{
    public string? Status { get; init; }
    public required string ShareId { get; init; }
}

/// <summary>With it one storage node joins the cluster, once.</summary>
public sealed record NodeToken
{
    /// <summary>A secret.</summary>
    public required string Token { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }
}
