namespace FileSharing.Metadata;

public enum EntryKind
{
    Folder = 1,
    File = 2,
}

/// <summary>What a user may do with an entry, each level with all below it.</summary>
public enum Permission
{
    None = 0,
    Viewer = 1,
    Editor = 2,
    Manager = 3,
    Owner = 4,
}

/// <summary>A folder or a file with its current version.</summary>
public record Entry
{
    public Guid SpaceId { get; init; }
    public Guid EntryId { get; init; }

    /// <summary>Null for the root of a space.</summary>
    public Guid? ParentId { get; init; }
    public EntryKind Kind { get; init; }

    /// <summary>Empty for a root.</summary>
    public required string Name { get; init; }
    public DateTime CreatedAt { get; init; }
    public DateTime UpdatedAt { get; init; }

    /// <summary>Null for a folder; so are the next four.</summary>
    public Guid? VersionId { get; init; }
    public long? Size { get; init; }
    public string? MimeType { get; init; }
    public DateTime? VersionCreatedAt { get; init; }

    /// <summary>32 bytes, proved; null when unknown.</summary>
    public byte[]? Fingerprint { get; init; }
}

/// <summary>An entry together with what one user may do with it, as of the moment of the query.</summary>
public sealed record EntryAccess : Entry
{
    /// <summary>Null in the space of a team.</summary>
    public Guid? OwnerId { get; init; }

    /// <summary>E-mail address of the owner of its space, or the name of the team.</summary>
    public required string Owner { get; init; }

    /// <summary>Ownership, or the strongest of the shares on the entry and its ancestors whose givers may still give them; <see cref="Permission.None"/> also below a trashed folder.</summary>
    public Permission Permission { get; init; }

    /// <summary>Folders above it, 0 for a root.</summary>
    public int Depth { get; init; }
}
