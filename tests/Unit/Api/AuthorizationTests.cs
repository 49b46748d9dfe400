using FileSharing.Api;
using FileSharing.Api.Auth;
using FileSharing.Metadata;

namespace FileSharing.UnitTests.Api;

/// <summary>What may be done with an entry, by permission of the user and scope of the credential.</summary>
public sealed class AuthorizationTests
{
    public static TheoryData<Permission, Scope, Verb, ApiError?> Table()
    {
        var table = new TheoryData<Permission, Scope, Verb, ApiError?>();
        foreach (var permission in Enum.GetValues<Permission>())
        {
            foreach (var scope in Enum.GetValues<Scope>())
            {
                foreach (var verb in Enum.GetValues<Verb>())
                {
                    // Read, Write, Share need Viewer, Editor, Manager, and Read, Write, Full.
                    var may = (int)permission > (int)verb && (int)scope >= (int)verb;
                    table.Add(
                        permission,
                        scope,
                        verb,
                        permission == Permission.None ? ApiError.NotFound
                            : may ? null
                            : ApiError.Forbidden
                    );
                }
            }
        }

        return table;
    }

    [Theory]
    [MemberData(nameof(Table))]
    public void Both_the_permission_and_the_scope_must_suffice(
        Permission permission,
        Scope scope,
        Verb verb,
        ApiError? expected
    )
    {
        var entry = new EntryAccess
        {
            Name = "a",
            Owner = "o@x.org",
            Permission = permission,
        };

        Assert.Equal(expected, ErrorOf(() => Authorization.Authorize(Asking(scope), entry, verb)));
    }

    [Fact]
    public void What_does_not_exist_and_what_may_not_be_seen_are_refused_alike()
    {
        Assert.Equal(ApiError.NotFound, ErrorOf(() => Authorization.Authorize(Asking(Scope.Full), null, Verb.Read)));
    }

    private static Principal Asking(Scope scope) => new(new User { Name = "n", Email = "n@x.org" }, scope);

    private static ApiError? ErrorOf(Action call) =>
        Record.Exception(call) switch
        {
            null => null,
            ApiException e => e.Error,
            var other => throw other,
        };
}
