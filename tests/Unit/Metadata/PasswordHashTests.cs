using FileSharing.Metadata;

namespace FileSharing.UnitTests.Metadata;

public sealed class PasswordHashTests
{
    [Fact]
    public void Stored_form_names_algorithm_and_cost_and_two_of_one_password_differ()
    {
        var first = PasswordHash.Create("correct horse");

        Assert.StartsWith("pbkdf2-sha256$600000$", first, StringComparison.Ordinal);
        Assert.NotEqual(first, PasswordHash.Create("correct horse"));
        Assert.True(PasswordHash.Verify("correct horse", first));
        Assert.False(PasswordHash.Verify("correct horsf", first));
    }

    [Fact]
    public void No_password_opens_an_account_that_does_not_exist() =>
        Assert.False(PasswordHash.Verify("", stored: null));
}
