namespace FileSharing.UnitTests.Architecture;

/// <summary>One row of the table: what a project may use. What the row does not name is forbidden.</summary>
/// <param name="Project">Name without the prefix of the namespaces.</param>
/// <param name="Projects">Projects of ours that its code may use, directly or through another.</param>
/// <param name="Libraries">Libraries beyond the plain BCL, as <see cref="LibraryNames"/> calls them.</param>
internal sealed record ReferenceRule(string Project, string[] Projects, string[] Libraries)
{
    /// <summary>Who may know whom. The data path has no database, the control path no engine, the client neither.</summary>
    public static IReadOnlyList<ReferenceRule> Table { get; } =
    [
        new("Chunks", [], []),
        new("Native", [], []),
        new("BlobEngine", ["Chunks", "Native"], []),
        new("Cluster", ["Chunks"], ["ASP.NET", "HttpClient"]),
        new(
            "StorageNode",
            ["BlobEngine", "Cluster", "Chunks", "Native"],
            ["ASP.NET", "HttpClient", "System.CommandLine"]
        ),
        new("Metadata", ["Chunks"], ["Npgsql", "Dapper"]),
        new("Api", ["Metadata", "Cluster", "Chunks"], ["ASP.NET", "HttpClient", "Swashbuckle.AspNetCore.SwaggerUI"]),
        new("Client", ["Chunks"], ["HttpClient", "Polly.Core"]),
        new("Cli", ["Client", "Chunks"], ["HttpClient", "Spectre.Console", "System.CommandLine"]),
        new(
            "Standalone",
            ["Api", "StorageNode", "BlobEngine", "Cluster", "Chunks", "Native"],
            ["ASP.NET", "HttpClient"]
        ),
    ];

    /// <summary>One sentence for each use that no row allows, and for each project without a row; empty when all is well.</summary>
    public static IReadOnlyList<string> Violations(
        IEnumerable<ProjectReferences> projects,
        IReadOnlyCollection<ReferenceRule> table
    ) =>
        [
            .. projects.SelectMany(project =>
                table.FirstOrDefault(rule => rule.Project == project.Project) is { } row
                    ? row.Violations(project)
                    : [$"{project.Project} has no row in the table."]
            ),
        ];

    private IEnumerable<string> Violations(ProjectReferences found) =>
        found
            .Projects.Except(Projects, StringComparer.Ordinal)
            .Concat(found.Libraries.Except(Libraries, StringComparer.Ordinal))
            .Select(name => $"{Project} must not use {name} ({found.Source}).");
}

/// <summary>What a project uses, as one source tells.</summary>
/// <param name="Source">For the message: the project file, or the compiled assembly.</param>
internal sealed record ProjectReferences(string Project, string Source, string[] Projects, string[] Libraries);
