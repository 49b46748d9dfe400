namespace FileSharing.BlobEngine;

/// <summary>The store of the index refused or failed.</summary>
internal sealed class IndexException : IOException
{
    public IndexException(string message, bool isDamage, Exception innerException)
        : base(message, innerException) => IsDamage = isDamage;

    /// <summary>The disk is full: nothing was changed, and the same can be asked again when there is room.</summary>
    public bool IsNoSpace { get; init; }

    /// <summary>
    /// What is stored is damaged, incomplete or none of its own: it has to be built again from the segments. Else the system refused something
    /// (no space, too many open files, an I/O error), and what is stored may be whole.
    /// </summary>
    public bool IsDamage { get; }
}
