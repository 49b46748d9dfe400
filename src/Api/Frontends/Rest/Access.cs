using FileSharing.Api.Auth;
using FileSharing.Metadata;
using Microsoft.AspNetCore.Http;

namespace FileSharing.Api.Frontends.Rest;

/// <summary>From an id in a request to an entry that the caller may use so.</summary>
internal sealed class Access(FileTree tree)
{
    private const string Root = "root";

    /// <param name="id">A file or folder id; "root" for the caller's own root folder.</param>
    public async Task<EntryAccess> ToAsync(HttpContext context, string? id, Verb verb)
    {
        var entry = id == Root ? (Guid?)null : Parse(id);
        return Authorization.Authorize(
            context.Principal(),
            await tree.AccessAsync(context.User().UserId, entry, context.RequestAborted),
            verb
        );
    }

    /// <param name="id">A folder id; null or "root" for the caller's own root folder.</param>
    public async Task<EntryAccess> ToFolderAsync(HttpContext context, string? id, Verb verb)
    {
        var entry = await ToAsync(context, id ?? Root, verb);
        return entry.Kind == EntryKind.Folder
            ? entry
            : throw new ApiException(ApiError.InvalidRequest, "This is a file; the call needs a folder.");
    }

    public async Task<EntryAccess> ToFileAsync(HttpContext context, string? id, Verb verb)
    {
        var entry = await ToAsync(context, id, verb);
        return entry.Kind == EntryKind.File
            ? entry
            : throw new ApiException(ApiError.InvalidRequest, "This is a folder; the call needs a file.");
    }

    /// <summary>The version that If-Match names, when the header is there and is not '*'.</summary>
    /// <exception cref="ApiException"><see cref="ApiError.VersionChanged"/> when it is not the current one now; the statement that writes checks again.</exception>
    public static Guid? IfMatch(HttpContext context, Entry entry)
    {
        var header = context.Request.Headers.IfMatch.ToString();
        if (header.Length == 0 || header == "*")
        {
            return null;
        }

        return entry.VersionId is { } current && header.Split(',').Any(tag => tag.Trim() == ETag(current))
            ? current
            : throw new ApiException(
                ApiError.VersionChanged,
                "If-Match names another version than the current one. Read the file again and decide."
            );
    }

    public static string ETag(Guid version) => $"\"{version:D}\"";

    private static Guid Parse(string? id) =>
        Guid.TryParseExact(id, "D", out var parsed)
            ? parsed
            : throw new ApiException(
                ApiError.NotFound,
                "There is no such file or folder, or you have no right to see it."
            );
}
