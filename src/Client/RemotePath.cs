using System.Diagnostics.CodeAnalysis;

namespace FileSharing.Client;

/// <summary>
/// A path on the server as people write it: <c>/folder/file</c> in one's own space, <c>owner@host:/folder/file</c> in that of somebody else, or
/// <c>id:FILE_ID</c> and <c>id:FOLDER_ID/sub/file</c> for what somebody shares out of a folder that one may not see. A trailing slash means "inside this folder".
/// </summary>
public sealed record RemotePath
{
    /// <summary>The form of an address by id.</summary>
    public const string IdPrefix = "id:";

    private RemotePath(string? space, string? rootId, IReadOnlyList<string> segments, bool hasTrailingSlash)
    {
        Space = space;
        RootId = rootId;
        Segments = segments;
        HasTrailingSlash = hasTrailingSlash;
    }

    /// <summary>Whose space, as an e-mail address; null for one's own and for a path that starts at an id.</summary>
    public string? Space { get; }

    /// <summary>The id at which the path starts; null for a path from the top of a space.</summary>
    public string? RootId { get; }

    public IReadOnlyList<string> Segments { get; }

    public bool HasTrailingSlash { get; }

    /// <summary>True for the starting point itself: <c>/</c>, <c>owner@host:/</c> or <c>id:X</c>.</summary>
    public bool IsRoot => Segments.Count == 0;

    /// <summary>The last name; empty at the starting point.</summary>
    public string Name => IsRoot ? "" : Segments[^1];

    /// <summary>The folder around it. The starting point has none.</summary>
    public RemotePath Parent =>
        IsRoot
            ? throw new InvalidOperationException("The top has no parent.")
            : new(Space, RootId, [.. Segments.SkipLast(1)], false);

    /// <summary>The path of something directly inside this one.</summary>
    public RemotePath Child(string name) => new(Space, RootId, [.. Segments, name], false);

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
        var (space, rootId, rest) = SplitStart(text);
        if (space is "" || rootId is "" || (rootId is null && !rest.StartsWith('/')))
        {
            problem = $"'{text}' is no remote path; it is /folder/file, owner@host:/folder/file or id:FILE_ID.";
            return false;
        }

        var segments = rest.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (segments.Any(segment => segment is "." or ".."))
        {
            problem = $"'{text}' has . or .. in it; a remote path names every folder.";
            return false;
        }

        path = new RemotePath(space, rootId, segments, rest.EndsWith('/'));
        return true;
    }

    public override string ToString() =>
        (RootId is null ? $"{Space}{(Space is null ? "" : ":")}/" : IdPrefix + RootId + (IsRoot ? "" : "/"))
        + string.Join('/', Segments);

    /// <summary>What stands before the first slash says where the path starts.</summary>
    private static (string? Space, string? RootId, string Path) SplitStart(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var start = slash < 0 ? text : text[..slash];
        var rest = slash < 0 ? "" : text[slash..];
        if (start.StartsWith(IdPrefix, StringComparison.Ordinal))
        {
            return (null, start[IdPrefix.Length..], rest);
        }

        return start.EndsWith(':') ? (start[..^1], null, rest) : (null, null, start.Length == 0 ? rest : text);
    }
}
