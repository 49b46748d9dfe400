namespace FileSharing.Metadata;

/// <summary>Names of groups and of teams: what may stand before the colon of a remote path, and cannot be taken for an e-mail address or an id.</summary>
internal static class PrincipalName
{
    private const int LengthMax = 100;

    /// <returns>The name without spaces around it.</returns>
    /// <exception cref="MetadataException"><see cref="MetadataError.Invalid"/>.</exception>
    public static string Check(string name)
    {
        var trimmed = name.Trim();
        return
            trimmed.Length is > 0 and <= LengthMax
            && !trimmed.Any(c => char.IsControl(c) || char.IsSurrogate(c) || c is '/' or ':' or '@')
            && !Guid.TryParse(trimmed, out _)
            ? trimmed
            : throw new MetadataException(
                MetadataError.Invalid,
                $"A name of a group or team has 1 to {LengthMax} characters, none of them a control character or one of / : @, and is no id."
            );
    }
}
