using FileSharing.Metadata;

namespace FileSharing.Api.Auth;

/// <summary>What somebody wants to do with an entry.</summary>
public enum Verb
{
    /// <summary>See it, list it, download it.</summary>
    Read,

    /// <summary>Change its content, name or place, put something into it, delete it.</summary>
    Write,

    /// <summary>Give others rights to it, and see who has them.</summary>
    Share,
}

/// <summary>
/// The one place where rights are decided, for every front end. It sees the rights as they are at this request: a share that ended a moment ago gives nothing.
/// </summary>
public static class Authorization
{
    /// <param name="principal">Who asks.</param>
    /// <param name="entry">As the metadata answered for the principal; null when there is no such entry.</param>
    /// <returns>The entry, when the principal may do it.</returns>
    /// <exception cref="ApiException"><see cref="ApiError.NotFound"/> for an unknown entry and for one without any right, alike;
    /// <see cref="ApiError.Forbidden"/> when the principal may see it, but not this.</exception>
    public static EntryAccess Authorize(Principal principal, EntryAccess? entry, Verb verb)
    {
        if (entry is null || entry.Permission == Permission.None)
        {
            throw new ApiException(
                ApiError.NotFound,
                "There is no such file or folder, or you have no right to see it."
            );
        }

        if (entry.Permission < Needed(verb))
        {
            throw new ApiException(
                ApiError.Forbidden,
                $"You may see this, but this call needs the permission '{Needed(verb).ToString().ToLowerInvariant()}'. Ask its owner, {entry.Owner}."
            );
        }

        RequireScope(principal, verb);
        return entry;
    }

    /// <summary>For calls that name no entry, such as those of an upload session that the caller owns.</summary>
    /// <exception cref="ApiException"><see cref="ApiError.Forbidden"/> when the credential is for less.</exception>
    public static void RequireScope(Principal principal, Verb verb)
    {
        var needed = verb switch
        {
            Verb.Read => Scope.Read,
            Verb.Write => Scope.Write,
            _ => Scope.Full,
        };
        if (principal.Scope < needed)
        {
            throw new ApiException(
                ApiError.Forbidden,
                $"This credential has the scope '{principal.Scope.ToString().ToLowerInvariant()}', and the call needs '{needed.ToString().ToLowerInvariant()}'. Use another, or log in."
            );
        }
    }

    private static Permission Needed(Verb verb) =>
        verb switch
        {
            Verb.Read => Permission.Viewer,
            Verb.Write => Permission.Editor,
            Verb.Share => Permission.Manager,
            _ => throw new ArgumentOutOfRangeException(nameof(verb), verb, "The verb is not in the table."),
        };
}
