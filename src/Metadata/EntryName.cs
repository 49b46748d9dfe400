using System.Text;

namespace FileSharing.Metadata;

/// <summary>Which names an entry may have: what every file system that a user may download to can hold, compared byte by byte.</summary>
public static class EntryName
{
    /// <summary>The limit of ext4, XFS, NTFS (there in UTF-16 units) and APFS.</summary>
    public const int BytesMax = 255;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <returns>The name, unchanged.</returns>
    /// <exception cref="MetadataException"><see cref="MetadataError.Invalid"/>, saying which rule it breaks.</exception>
    public static string Check(string? name)
    {
        var problem = Problem(name);
        return problem is null ? name! : throw new MetadataException(MetadataError.Invalid, problem);
    }

    private static string? Problem(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            return "A name is needed.";
        }

        if (name is "." or "..")
        {
            return $"'{name}' cannot be a name.";
        }

        if (name.Contains('/', StringComparison.Ordinal) || name.Any(char.IsControl))
        {
            return "A name contains no '/' and no control characters.";
        }

        try
        {
            return StrictUtf8.GetByteCount(name) > BytesMax ? $"A name has at most {BytesMax} bytes in UTF-8." : null;
        }
        catch (EncoderFallbackException)
        {
            return "A name is valid Unicode text.";
        }
    }
}
