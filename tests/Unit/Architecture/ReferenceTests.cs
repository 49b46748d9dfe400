namespace FileSharing.UnitTests.Architecture;

public sealed class ReferenceTests
{
    private static readonly string[] GeneratedNamespaces = ["Microsoft.", "System."];

    [Fact]
    public void Projects_declare_only_references_that_the_table_allows()
    {
        var found = Sources.ProjectFiles().Select(Sources.FromProjectFile);

        Assert.Empty(ReferenceRule.Violations(found, ReferenceRule.Table));
    }

    [Fact]
    public void Compiled_code_uses_only_what_the_table_allows_also_through_other_projects()
    {
        var found = Sources.ProjectFiles().Select(file => Sources.FromAssembly(Sources.ProjectOf(file)));

        Assert.Empty(ReferenceRule.Violations(found, ReferenceRule.Table));
    }

    [Fact]
    public void Every_row_of_the_table_is_a_project()
    {
        Assert.Equal(
            Sources.ProjectFiles().Select(Sources.ProjectOf).Order(StringComparer.Ordinal),
            ReferenceRule.Table.Select(rule => rule.Project).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void Namespaces_start_with_the_name_of_their_project()
    {
        var wrong =
            from file in Sources.ProjectFiles()
            let project = Sources.ProjectOf(file)
            from name in Sources.Namespaces(project)
            where !Array.Exists(GeneratedNamespaces, prefix => name.StartsWith(prefix, StringComparison.Ordinal))
            where !$"{name}.".StartsWith($"{Sources.Prefix}{project}.", StringComparison.Ordinal)
            select $"{project}: {name}";

        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData("StorageNode", "Chunks")]
    [InlineData("Api", "Metadata")]
    public void An_edge_that_the_table_lacks_is_found_in_the_project_file(string project, string missing)
    {
        var found = Sources.ProjectFiles().Select(Sources.FromProjectFile);

        var violation = Assert.Single(ReferenceRule.Violations(found, TableWithout(project, missing)));

        Assert.StartsWith($"{project} must not use {missing} ", violation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Metadata", "Npgsql")]
    [InlineData("StorageNode", "BlobEngine")]
    public void A_use_that_the_table_lacks_is_found_in_the_compiled_assembly(string project, string missing)
    {
        var found = Sources.ProjectFiles().Select(file => Sources.FromAssembly(Sources.ProjectOf(file)));

        var violation = Assert.Single(ReferenceRule.Violations(found, TableWithout(project, missing)));

        Assert.StartsWith($"{project} must not use {missing} ", violation, StringComparison.Ordinal);
    }

    [Fact]
    public void A_project_without_a_row_is_found()
    {
        var table = ReferenceRule.Table.Where(rule => rule.Project != "Native").ToList();

        var violations = ReferenceRule.Violations(Sources.ProjectFiles().Select(Sources.FromProjectFile), table);

        Assert.Equal(["Native has no row in the table."], violations);
    }

    private static List<ReferenceRule> TableWithout(string project, string name) =>
        [
            .. ReferenceRule.Table.Select(rule =>
                rule.Project == project
                    ? rule with
                    {
                        Projects = [.. rule.Projects.Where(other => other != name)],
                        Libraries = [.. rule.Libraries.Where(other => other != name)],
                    }
                    : rule
            ),
        ];
}
