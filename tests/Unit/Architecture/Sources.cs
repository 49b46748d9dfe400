using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;

namespace FileSharing.UnitTests.Architecture;

/// <summary>Reads the project files and the compiled assemblies: the file shows what is declared, the assembly what is used through others.</summary>
internal static class Sources
{
    public const string Prefix = "FileSharing.";

    public static string Root { get; } = FindRoot();

    public static IEnumerable<string> ProjectFiles() =>
        Directory
            .EnumerateDirectories(Path.Combine(Root, "src"))
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.csproj"));

    public static string ProjectOf(string projectFile) => Path.GetFileNameWithoutExtension(projectFile);

    public static ProjectReferences FromProjectFile(string projectFile)
    {
        var items = XDocument.Load(projectFile).Descendants().ToLookup(element => element.Name.LocalName, Include);
        return new ProjectReferences(
            ProjectOf(projectFile),
            Path.GetRelativePath(Root, projectFile),
            [.. items["ProjectReference"].Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/')))],
            [
                .. items["PackageReference"]
                    .Concat(items["FrameworkReference"])
                    .Select(LibraryNames.Of)
                    .OfType<string>()
                    .Distinct(StringComparer.Ordinal),
            ]
        );
    }

    public static ProjectReferences FromAssembly(string project)
    {
        using var file = OpenAssembly(project);
        var metadata = file.GetMetadataReader();
        var names = metadata
            .AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))
            .ToList();
        return new ProjectReferences(
            project,
            "compiled assembly",
            [.. names.Where(IsOurs).Select(name => name[Prefix.Length..])],
            [.. names.Where(name => !IsOurs(name)).Select(LibraryNames.Of).OfType<string>().Distinct()]
        );
    }

    /// <summary>Namespaces of the types that somebody wrote, not the compiler.</summary>
    public static IReadOnlyCollection<string> Namespaces(string project)
    {
        using var file = OpenAssembly(project);
        var metadata = file.GetMetadataReader();
        return
        [
            .. metadata
                .TypeDefinitions.Select(metadata.GetTypeDefinition)
                .Where(type => !type.IsNested)
                .Select(type => metadata.GetString(type.Namespace))
                .Where(name => name.Length > 0)
                .Distinct(StringComparer.Ordinal),
        ];
    }

    private static PEReader OpenAssembly(string project) =>
        new(File.OpenRead(Path.Combine(AppContext.BaseDirectory, $"{Prefix}{project}.dll")));

    private static bool IsOurs(string assembly) => assembly.StartsWith(Prefix, StringComparison.Ordinal);

    private static string Include(XElement element) => (string?)element.Attribute("Include") ?? "";

    private static string FindRoot()
    {
        var at = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(at, "FileShare.sln")))
        {
            at = Path.GetDirectoryName(at) ?? throw new InvalidOperationException("The tests run outside the project.");
        }

        return at;
    }
}
