namespace FileSharing.Chunks;

/// <summary>
/// What a record holds. A file URL opens only the kind that its signature names, so bytes that a user stored as a
/// chunk can never be taken for a manifest of somebody else's chunks.
/// </summary>
public enum RecordKind : byte
{
    /// <summary>No kind; never stored.</summary>
    None = 0,

    /// <summary>1 B to 10 MiB of a file's bytes, named by their SHA-256.</summary>
    Chunk = 1,

    /// <summary>A <see cref="Manifest"/>, written only by the commit of an upload.</summary>
    Manifest = 2,
}
