namespace FileSharing.Native.RocksDb;

/// <summary>RocksDB refused or failed; the message is its own.</summary>
public sealed class RocksDbException : IOException
{
    /// <summary>In RocksDB's own words, so that it counts as what it comes from.</summary>
    internal const string Unflushed =
        "IO error: No space left on device, or none a moment ago: not all has been flushed";

    public RocksDbException() { }

    public RocksDbException(string message)
        : base(message) { }

    public RocksDbException(string message, Exception innerException)
        : base(message, innerException) { }

    /// <summary>The disk is full, or a quota is used up: nothing is broken, and what was refused can be asked again when there is room.</summary>
    public bool IsNoSpace =>
        Message.Contains("No space left on device", StringComparison.Ordinal)
        || Message.Contains("Disk quota exceeded", StringComparison.Ordinal);

    /// <summary>
    /// True when the system refused something (too many open files, no space, no right, the lock of another process): the data may be whole. False when what
    /// RocksDB found is damaged, incomplete or none of its own.
    /// </summary>
    public bool IsRefusalOfSystem =>
        Message.StartsWith("IO error", StringComparison.Ordinal)
        && !Message.Contains("No such file or directory", StringComparison.Ordinal);
}
