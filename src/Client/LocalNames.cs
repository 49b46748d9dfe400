namespace FileSharing.Client;

/// <summary>Remote names as local file names: what other people chose must not lead out of the folder that is written to.</summary>
public static class LocalNames
{
    public static bool IsSafe(string name) =>
        name is not ("" or "." or "..")
        && name.AsSpan().IndexOfAny(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar, '\0') < 0;

    /// <exception cref="FileShareException"><see cref="ErrorTypes.UnsafeName"/>.</exception>
    public static void ThrowIfUnsafe(string name)
    {
        if (!IsSafe(name))
        {
            throw new FileShareException(
                ErrorTypes.UnsafeName,
                $"The remote name \"{name}\" is not a safe file name here; rename it first."
            );
        }
    }
}
