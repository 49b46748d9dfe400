using FileSharing.Metadata;

namespace FileSharing.Api.Auth;

/// <summary>What a credential may be used for; each level with those before it. Never more than its user may.</summary>
public enum Scope
{
    /// <summary>See, list, download.</summary>
    Read,

    /// <summary>Upload, change and delete too.</summary>
    Write,

    /// <summary>Everything that the user may, sharing and administration too.</summary>
    Full,
}

/// <summary>Who makes a request: a user, within the scope of the credential that it came with.</summary>
public sealed record Principal(User User, Scope Scope);
