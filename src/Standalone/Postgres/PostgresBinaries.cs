using System.Globalization;
using System.Text.RegularExpressions;

namespace FileSharing.Standalone.Postgres;

/// <summary>The PostgreSQL server programs of one major version, as they lie on this machine.</summary>
/// <param name="Major">15 or newer.</param>
/// <param name="Directory">Where <c>postgres</c> and <c>initdb</c> are.</param>
internal sealed partial record PostgresBinaries(int Major, string Directory)
{
    /// <summary>The oldest release whose SQL the metadata uses.</summary>
    public const int MajorMin = 15;

    // Debian and Ubuntu keep the server programs of each major version here, outside PATH.
    private const string DebianRoot = "/usr/lib/postgresql";

    public string Postgres => Path.Combine(Directory, "postgres");

    public string InitDb => Path.Combine(Directory, "initdb");

    /// <param name="major">The version that made an existing data directory; null takes the newest.</param>
    /// <exception cref="PostgresException">None is installed that fits.</exception>
    public static async Task<PostgresBinaries> FindAsync(int? major, CancellationToken stop)
    {
        var found = FindInDebianLayout(DebianRoot).ToList();
        if (await FindInPathAsync(stop) is { } fromPath)
        {
            found.Add(fromPath);
        }

        return Choose(found, major);
    }

    /// <summary>A data directory belongs to the major version that made it; a new one gets the newest.</summary>
    internal static PostgresBinaries Choose(IReadOnlyCollection<PostgresBinaries> found, int? major)
    {
        if (major is { } wanted)
        {
            return found.FirstOrDefault(b => b.Major == wanted)
                ?? throw new PostgresException(
                    $"The data directory was made by PostgreSQL {wanted}, which is not installed. "
                        + $"Install it (apt-get install postgresql-{wanted}) or convert the data with pg_upgrade."
                );
        }

        return found.Where(b => b.Major >= MajorMin).MaxBy(b => b.Major)
            ?? throw new PostgresException(
                $"No PostgreSQL server {MajorMin} or newer was found in {DebianRoot} or PATH. "
                    + "Install the Debian package: apt-get install postgresql"
            );
    }

    internal static IEnumerable<PostgresBinaries> FindInDebianLayout(string root)
    {
        if (!System.IO.Directory.Exists(root))
        {
            yield break;
        }

        foreach (var version in System.IO.Directory.EnumerateDirectories(root))
        {
            var binaries = Path.Combine(version, "bin");
            if (int.TryParse(Path.GetFileName(version), out var major) && IsComplete(binaries))
            {
                yield return new PostgresBinaries(major, binaries);
            }
        }
    }

    private static async Task<PostgresBinaries?> FindInPathAsync(CancellationToken stop)
    {
        var folder = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .FirstOrDefault(IsComplete);
        if (folder is null)
        {
            return null;
        }

        var answer = await ChildProcess.RunAsync([Path.Combine(folder, "postgres"), "--version"], "", stop);
        var match = Version().Match(answer.Output);
        return match.Success
            ? new PostgresBinaries(int.Parse(match.Groups["major"].Value, CultureInfo.InvariantCulture), folder)
            : null;
    }

    private static bool IsComplete(string folder) =>
        File.Exists(Path.Combine(folder, "postgres")) && File.Exists(Path.Combine(folder, "initdb"));

    [GeneratedRegex(@"\(PostgreSQL\) (?<major>\d+)", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Version();
}

/// <summary>The private Postgres cannot be had; the message says what to do.</summary>
public sealed class PostgresException : Exception
{
    public PostgresException(string message)
        : base(message) { }

    public PostgresException(string message, Exception inner)
        : base(message, inner) { }

    public PostgresException() { }
}
