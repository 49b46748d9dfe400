namespace FileSharing.Client;

/// <summary>A version of a file that cannot be read without a chunk that is missing.</summary>
public sealed record LostFile
{
    public Guid FileId { get; init; }
    public Guid VersionId { get; init; }

    /// <summary>E-mail address of the owner of the space.</summary>
    public required string Owner { get; init; }

    /// <summary>From the root of that space.</summary>
    public required string Path { get; init; }

    /// <summary>False for an earlier version of the file.</summary>
    public bool Current { get; init; }

    /// <summary>The file, or a folder above it, is in the trash.</summary>
    public bool Trashed { get; init; }
}

/// <summary>A chunk or manifest of which no volume says that it has a copy.</summary>
public sealed record MissingRecord
{
    public required string Id { get; init; }

    /// <summary>chunk or manifest.</summary>
    public required string Kind { get; init; }

    /// <summary>Bytes of a chunk; null of a manifest.</summary>
    public int? Size { get; init; }

    public int Partition { get; init; }

    /// <summary>Volumes that could not be asked and are not given up; when there is none, it is lost.</summary>
    public required IReadOnlyList<string> MayBeOn { get; init; }

    /// <summary>The first of the versions that need it.</summary>
    public required IReadOnlyList<LostFile> Files { get; init; }

    /// <summary>All of these.</summary>
    public long FilesTotal { get; init; }
}
