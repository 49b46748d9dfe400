using System.Globalization;

namespace FileSharing.Standalone.Postgres;

/// <summary>The data directory: made beside its place and moved there when complete, so that a killed first start leaves nothing half made.</summary>
internal static class PostgresData
{
    private const string UnfinishedSuffix = ".unfinished";

    /// <returns>The major version that made it; null when there is none yet.</returns>
    public static int? MajorOf(string dataDirectory)
    {
        var file = Path.Combine(dataDirectory, "PG_VERSION");
        return File.Exists(file) ? int.Parse(File.ReadAllText(file).Trim(), CultureInfo.InvariantCulture) : null;
    }

    public static async Task EnsureAsync(
        string dataDirectory,
        PostgresBinaries binaries,
        ServerUser user,
        CancellationToken stop
    )
    {
        if (MajorOf(dataDirectory) is not null)
        {
            await user.OwnDirectoryAsync(dataDirectory, stop);
            return;
        }

        var parent = Path.GetDirectoryName(dataDirectory)!;
        var unfinished = dataDirectory + UnfinishedSuffix;
        Directory.CreateDirectory(parent);
        DeleteTree(unfinished);
        await user.OwnDirectoryAsync(unfinished, stop);
        await InitialiseAsync(unfinished, binaries, user, stop);
        RemoveEmpty(dataDirectory);
        Directory.Move(unfinished, dataDirectory);
        await RunAsync(["sync", parent], "", stop);
    }

    private static async Task InitialiseAsync(
        string directory,
        PostgresBinaries binaries,
        ServerUser user,
        CancellationToken stop
    )
    {
        await RunAsync(
            user.Command(
                binaries.InitDb,
                $"--pgdata={directory}",
                $"--username={PrivatePostgres.DatabaseName}",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--auth-local=trust",
                "--auth-host=reject"
            ),
            "",
            stop
        );

        // In single-user mode, before anybody can connect: a data directory without the database does not exist.
        await RunAsync(
            user.Command(binaries.Postgres, "--single", "-D", directory, "postgres"),
            $"CREATE DATABASE {PrivatePostgres.DatabaseName}\n",
            stop
        );
    }

    private static async Task RunAsync(IReadOnlyList<string> command, string input, CancellationToken stop)
    {
        var result = await ChildProcess.RunAsync(command, input, stop);
        if (!result.Succeeded || result.Output.Contains("ERROR:", StringComparison.Ordinal))
        {
            throw new PostgresException($"{string.Join(' ', command)} failed:\n{result.Output.Trim()}");
        }
    }

    private static void RemoveEmpty(string directory)
    {
        if (!Directory.Exists(directory))
        {
            return;
        }

        if (Directory.EnumerateFileSystemEntries(directory).Any())
        {
            throw new PostgresException(
                $"{directory} is neither empty nor a Postgres data directory. Choose another --data."
            );
        }

        Directory.Delete(directory);
    }

    private static void DeleteTree(string directory)
    {
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
