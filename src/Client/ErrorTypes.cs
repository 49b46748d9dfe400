namespace FileSharing.Client;

/// <summary>Errors that the client finds by itself; those of the server have names of their own.</summary>
public static class ErrorTypes
{
    /// <summary>No connection, or it broke before the reply was complete.</summary>
    public const string Unreachable = "urn:fileshare:error:unreachable";

    /// <summary>A reply that is not what the protocol says.</summary>
    public const string UnexpectedReply = "urn:fileshare:error:unexpected-reply";

    /// <summary>The local file changed while it was read; nothing became visible on the server.</summary>
    public const string SourceChanged = "urn:fileshare:error:source-changed";

    /// <summary>No node delivered bytes that match their SHA-256; the message names the bytes of the file.</summary>
    public const string DamagedBytes = "urn:fileshare:error:damaged-bytes";

    /// <summary>Nothing is stored under that remote path.</summary>
    public const string NotFound = "urn:fileshare:error:not-found";

    /// <summary>A folder stands where a file is needed, or the other way round.</summary>
    public const string WrongKind = "urn:fileshare:error:wrong-kind";

    /// <summary>A name that is not safe as a local file name.</summary>
    public const string UnsafeName = "urn:fileshare:error:unsafe-name";

    /// <summary>The local file system refused to read or write.</summary>
    public const string LocalFile = "urn:fileshare:error:local-file";
}
