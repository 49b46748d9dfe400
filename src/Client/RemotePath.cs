using System.Diagnostics.CodeAnalysis;

namespace FileSharing.Client;

/// <summary>
/// A path on the server as people write it: <c>/folder/file</c> in one's own space, or <c>id:FILE_ID</c> and <c>id:FOLDER_ID/sub/file</c> for what
/// somebody else shares. A trailing slash means "inside this folder".
/// </summary>
public sealed record RemotePath
{
    /// <summary>The form of an address by id.</summary>
    public const string IdPrefix = "id:";

    private RemotePath(string? rootId, IReadOnlyList<string> segments, bool hasTrailingSlash)
    {
        RootId = rootId;
        Segments = segments;
        HasTrailingSlash = hasTrailingSlash;
    }

    /// <summary>The id at which the path starts; null for one's own space.</summary>
    public string? RootId { get; }

    public IReadOnlyList<string> Segments { get; }

    public bool HasTrailingSlash { get; }

    /// <summary>True for the starting point itself: <c>/</c> or <c>id:X</c>.</summary>
    public bool IsRoot => Segments.Count == 0;

    /// <summary>The last name; empty at the starting point.</summary>
    public string Name => IsRoot ? "" : Segments[^1];

    /// <summary>The folder around it. The starting point has none.</summary>
    public RemotePath Parent =>
        IsRoot
            ? throw new InvalidOperationException("The top has no parent.")
            : new(RootId, [.. Segments.SkipLast(1)], false);

    /// <summary>The path of something directly inside this one.</summary>
    public RemotePath Child(string name) => new(RootId, [.. Segments, name], false);

    /// <param name="problem">What is wrong and how it should be; null when the text is a path.</param>
    public static bool TryParse(
        string text,
        [NotNullWhen(true)] out RemotePath? path,
        [NotNullWhen(false)] out string? problem
    )
    {
        ArgumentNullException.ThrowIfNull(text);
        path = null;
        problem = null;
        string? rootId = null;
        var rest = text;
        if (text.StartsWith(IdPrefix, StringComparison.Ordinal))
        {
            var slash = text.IndexOf('/', StringComparison.Ordinal);
            rootId = slash < 0 ? text[IdPrefix.Length..] : text[IdPrefix.Length..slash];
            rest = slash < 0 ? "" : text[slash..];
        }

        if (rootId is "" || (rootId is null && !rest.StartsWith('/')))
        {
            problem = $"'{text}' is no remote path; it starts with / or is id:FILE_ID.";
            return false;
        }

        var segments = rest.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (segments.Any(segment => segment is "." or ".."))
        {
            problem = $"'{text}' has . or .. in it; a remote path names every folder.";
            return false;
        }

        path = new RemotePath(rootId, segments, rest.EndsWith('/'));
        return true;
    }

    public override string ToString() =>
        (RootId is null ? "/" : IdPrefix + RootId + (IsRoot ? "" : "/")) + string.Join('/', Segments);
}
