namespace FileSharing.Standalone.Postgres;

/// <summary>
/// Whom Postgres runs as. It refuses root, so root starts it as the user that the Debian package makes; anybody else starts it as themselves.
/// </summary>
internal sealed class ServerUser
{
    private const string Name = "postgres";

    private readonly bool switches;

    public ServerUser(bool isRoot) => switches = isRoot;

    public static ServerUser ForThisProcess() => new(Environment.IsPrivilegedProcess);

    /// <summary>
    /// The command as this user. setpriv replaces itself with the program, so signals reach it directly
    /// (runuser would stay in between and swallow them).
    /// </summary>
    public IReadOnlyList<string> Command(params IEnumerable<string> command) =>
        switches ? ["setpriv", $"--reuid={Name}", $"--regid={Name}", "--clear-groups", .. command] : [.. command];

    /// <summary>
    /// As <see cref="Command"/>, but in a session of its own (Ctrl-C on the terminal is for us, not for it), and stopped by the kernel
    /// when the thread that started it ends, for whatever reason.
    /// </summary>
    public IReadOnlyList<string> DaemonCommand(params IEnumerable<string> command) =>
        [
            "setsid",
            "setpriv",
            .. switches ? [$"--reuid={Name}", $"--regid={Name}", "--clear-groups"] : Array.Empty<string>(),
            "--pdeathsig=INT",
            .. command,
        ];

    /// <summary>After it returns the directory exists, has mode 0700 and belongs to this user.</summary>
    /// <exception cref="PostgresException">It cannot be made, or this user cannot reach it.</exception>
    public async Task OwnDirectoryAsync(string path, CancellationToken stop)
    {
        string[] owner = switches ? ["-o", Name, "-g", Name] : [];
        var made = await ChildProcess.RunAsync(["install", "-d", "-m", "0700", .. owner, path], "", stop);
        if (!made.Succeeded)
        {
            throw new PostgresException($"Cannot prepare {path} for Postgres: {made.Output.Trim()}");
        }

        if (!await MayAsync("-w", path, stop))
        {
            throw new PostgresException(await BlockedMessageAsync(path, stop));
        }
    }

    private async Task<string> BlockedMessageAsync(string path, CancellationToken stop)
    {
        foreach (var ancestor in Ancestors(path))
        {
            if (!await MayAsync("-x", ancestor, stop))
            {
                return $"Postgres runs as the user {Name}, who may not enter {ancestor}. "
                    + $"Choose a data directory elsewhere (--data /var/lib/fileshare), or allow it: chmod o+x {ancestor}";
            }
        }

        return $"Postgres runs as the user {Name}, who may not write to {path}.";
    }

    private async Task<bool> MayAsync(string test, string path, CancellationToken stop) =>
        (await ChildProcess.RunAsync(Command("test", test, path), "", stop)).Succeeded;

    private static Stack<string> Ancestors(string path)
    {
        var chain = new Stack<string>();
        for (var at = Path.GetDirectoryName(path); at is not null; at = Path.GetDirectoryName(at))
        {
            chain.Push(at);
        }

        return chain;
    }
}
