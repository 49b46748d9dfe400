using System.Text.RegularExpressions;

namespace FileSharing.UnitTests.Architecture;

public sealed partial class DocumentTests
{
    public static TheoryData<string> Documents() =>
        [
            "README.md",
            .. Directory
                .EnumerateFiles(Path.Combine(Sources.Root, "docs"), "*.md", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(Sources.Root, path)),
        ];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Documents_name_only_files_and_folders_that_exist(string document)
    {
        var text = File.ReadAllText(Path.Combine(Sources.Root, document));

        Assert.All(PathsIn(text), path => Assert.True(Exists(path), $"{document} names {path}, which does not exist."));
    }

    [Theory]
    [InlineData("see `src/Chunks/Chunker.cs`", "src/Chunks/Chunker.cs")]
    [InlineData("see [it](docs/segment-format.md)", "docs/segment-format.md")]
    [InlineData("| deploy/up --data DIR |", "deploy/up")]
    [InlineData("ends here: src/Cluster/.", "src/Cluster/")]
    public void Paths_are_found_in_code_links_and_tables(string text, string path)
    {
        Assert.Equal([path], PathsIn(text));
    }

    [Fact]
    public void A_path_that_does_not_exist_is_not_taken_for_one()
    {
        Assert.False(Exists("src/Ceph/Paxos.cs"));
        Assert.True(Exists("src/Chunks/Chunker.cs"));
        Assert.True(Exists("src/Chunks/"));
    }

    private static IEnumerable<string> PathsIn(string text) =>
        SourcePath().Matches(text).Select(match => match.Value.TrimEnd('.')).Distinct(StringComparer.Ordinal);

    private static bool Exists(string path) => Path.Exists(Path.Combine(Sources.Root, path));

    [GeneratedRegex(
        @"(?<![\w/.-])(src|tests|docs|deploy|benchmarks|\.ci)/[\w./-]+",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex SourcePath();
}
