using System.CommandLine;

namespace FileSharing.Cli;

/// <summary>Options that every verb takes.</summary>
internal sealed class GlobalOptions
{
    public Option<bool> Json { get; } =
        new("--json")
        {
            Description = "Write one JSON document to standard output, problems as JSON to standard error.",
            Recursive = true,
        };

    public Option<bool> Quiet { get; } =
        new("--quiet", "-q") { Description = "Write nothing but results and errors.", Recursive = true };

    public Option<bool> Progress { get; } =
        new("--progress")
        {
            Description = "Show progress on standard error also when it is no terminal.",
            Recursive = true,
        };
}
