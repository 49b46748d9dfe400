using FileSharing.Native.Posix;

namespace FileSharing.BlobEngine;

/// <summary>Tells a full disk from a broken one.</summary>
public static class DiskErrors
{
    private const int ErrorNoSpace = 28;

    /// <summary>No space or quota left: nothing is broken, and reads go on.</summary>
    public static bool IsNoSpace(Exception error) =>
        error is PosixException { IsNoSpace: true } or IndexException { IsNoSpace: true }
        || (error is IOException && error.HResult == ErrorNoSpace);
}
