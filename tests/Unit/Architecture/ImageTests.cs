using System.Text.RegularExpressions;

namespace FileSharing.UnitTests.Architecture;

/// <summary>Images are built where there is a container engine, which the tests do not need: what a build would trip over first is looked at here.</summary>
public sealed partial class ImageTests
{
    [Theory]
    [InlineData("api.Dockerfile", "Api")]
    [InlineData("storage-node.Dockerfile", "StorageNode")]
    public void An_image_is_built_from_its_project_and_all_that_this_refers_to_and_from_nothing_else(
        string dockerfile,
        string project
    )
    {
        var text = File.ReadAllText(Path.Combine(Sources.Root, dockerfile));
        var needed = WithReferences(project).Order(StringComparer.Ordinal).ToList();

        Assert.Equal(needed, Copied(text, FolderCopy()));
        Assert.Equal(needed, Copied(text, ProjectCopy()));
        Assert.Contains($"/app/FileSharing.{project}\"]", text, StringComparison.Ordinal);
    }

    private static List<string> Copied(string text, Regex form) =>
        [.. form.Matches(text).Select(match => match.Groups["project"].Value).Order(StringComparer.Ordinal)];

    private static HashSet<string> WithReferences(string project)
    {
        var file = Path.Combine(Sources.Root, "src", project, $"{project}.csproj");
        return [project, .. Sources.FromProjectFile(file).Projects.SelectMany(WithReferences)];
    }

    [GeneratedRegex(
        @"^COPY src/(?<project>\w+) src/\k<project>\r?$",
        RegexOptions.Multiline | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex FolderCopy();

    [GeneratedRegex(
        @"^COPY src/(?<project>\w+)/\k<project>\.csproj src/\k<project>/packages\.lock\.json src/\k<project>/\r?$",
        RegexOptions.Multiline | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex ProjectCopy();
}
