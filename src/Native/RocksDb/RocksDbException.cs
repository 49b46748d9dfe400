namespace FileSharing.Native.RocksDb;

/// <summary>RocksDB refused or failed; the message is its own.</summary>
public sealed class RocksDbException : IOException
{
    public RocksDbException() { }

    public RocksDbException(string message)
        : base(message) { }

    public RocksDbException(string message, Exception innerException)
        : base(message, innerException) { }
}
