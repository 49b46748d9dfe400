namespace FileSharing.Standalone;

/// <summary>What lies where below the data directory. Scripts rely on these names.</summary>
/// <param name="Root">Absolute.</param>
public sealed record DataLayout(string Root)
{
    // Others may pass through, not list: Postgres runs as another user and owns one directory below.
    private const UnixFileMode RootMode =
        UnixFileMode.UserRead
        | UnixFileMode.UserWrite
        | UnixFileMode.UserExecute
        | UnixFileMode.GroupExecute
        | UnixFileMode.OtherExecute;

    public string Postgres => Path.Combine(Root, "postgres");

    public string Run => Path.Combine(Root, "run");

    public string RootKey => Path.Combine(Root, "root.key");

    public string AdminPassword => Path.Combine(Root, "admin-password");

    public string PidFile => Path.Combine(Run, "standalone.pid");

    /// <summary>The API's address, there while uploads and downloads are served.</summary>
    public string UrlFile => Path.Combine(Run, "standalone.url");

    public string LockFile => Path.Combine(Run, "lock");

    public string Node(int number) => Path.Combine(Root, $"node-{number}");

    /// <summary>The database or a storage node's directory, whichever there is; null while the data directory holds nothing yet.</summary>
    public string? FirstData() =>
        Directory.Exists(Root)
            ? Directory
                .EnumerateDirectories(Root)
                .Where(path => path == Postgres || Path.GetFileName(path).StartsWith("node-", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
                .FirstOrDefault()
            : null;

    /// <summary>Makes the directories that are missing; the modes of existing ones stay as the operator set them.</summary>
    public void Create()
    {
        foreach (var directory in new[] { Root, Run })
        {
            if (!Directory.Exists(directory))
            {
                Directory.CreateDirectory(directory);
                File.SetUnixFileMode(directory, RootMode);
            }
        }
    }
}
