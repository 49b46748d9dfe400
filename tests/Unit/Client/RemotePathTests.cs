using FileSharing.Client;
using Xunit;

namespace FileSharing.UnitTests.Client;

public sealed class RemotePathTests
{
    [Theory]
    [InlineData("/", "/", null, true)]
    [InlineData("/a", "/a", null, false)]
    [InlineData("/a//b/", "/a/b", null, true)]
    [InlineData("/a b/ü.txt", "/a b/ü.txt", null, false)]
    [InlineData("bob@x.org:/", "bob@x.org:/", null, true)]
    [InlineData("bob@x.org:/a/b", "bob@x.org:/a/b", null, false)]
    [InlineData("id:f1", "id:f1", "f1", false)]
    [InlineData("id:f1/", "id:f1", "f1", true)]
    [InlineData("id:f1/sub/x", "id:f1/sub/x", "f1", false)]
    public void Paths_are_read_and_written_alike(string text, string written, string? rootId, bool inside)
    {
        Assert.True(RemotePath.TryParse(text, out var path, out _));
        Assert.Equal((written, rootId, inside), (path.ToString(), path.RootId, path.HasTrailingSlash));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("/a/../b")]
    [InlineData("/./a")]
    [InlineData("id:")]
    [InlineData("id:/a")]
    [InlineData(":/a")]
    [InlineData("bob@x.org:a")]
    public void What_is_no_path_is_refused_with_a_reason(string text)
    {
        Assert.False(RemotePath.TryParse(text, out _, out var problem));
        Assert.Contains(text, problem, StringComparison.Ordinal);
    }
}
