namespace FileSharing.Native;

/// <summary>A system library is not installed. The message names the packages that bring it.</summary>
public sealed class NativeLibraryMissingException : Exception
{
    public NativeLibraryMissingException() { }

    public NativeLibraryMissingException(string message)
        : base(message) { }

    public NativeLibraryMissingException(string message, Exception innerException)
        : base(message, innerException) { }

    internal NativeLibraryMissingException(NativeLibraryName library)
        : base(
            $"The library {library.Title} is missing (tried {string.Join(", ", library.FileNames)}). Install {library.Packages}."
        ) { }
}
