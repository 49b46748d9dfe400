namespace FileSharing.Standalone.Postgres;

/// <summary>
/// Whom Postgres runs as. It refuses root, so root starts it as the user that the Debian package makes; anybody else starts it as themselves.
/// </summary>
internal sealed class ServerUser
{
    private const string Name = "postgres";

    /// <summary>
    /// Lets the server pass through directories that only root may enter (a data directory below /root). It comes with reading any file, so it is
    /// given only where the path needs it; the server trusts nobody but this process.
    /// </summary>
    private static readonly string[] PassThrough = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"];

    private readonly bool switches;
    private bool passesThrough;

    public ServerUser(bool isRoot) => switches = isRoot;

    public static ServerUser ForThisProcess() => new(Environment.IsPrivilegedProcess);

    /// <summary>
    /// The command as this user. setpriv replaces itself with the program, so signals reach it directly
    /// (runuser would stay in between and swallow them).
    /// </summary>
    public IReadOnlyList<string> Command(params IEnumerable<string> command) =>
        switches ? ["setpriv", .. Identity, .. command] : [.. command];

    private string[] Identity =>
        [$"--reuid={Name}", $"--regid={Name}", "--clear-groups", .. passesThrough ? PassThrough : []];

    /// <summary>
    /// As <see cref="Command"/>, but in a session of its own (Ctrl-C on the terminal is for us, not for it), and stopped by the kernel
    /// when the thread that started it ends, for whatever reason.
    /// </summary>
    public IReadOnlyList<string> DaemonCommand(params IEnumerable<string> command) =>
        ["setsid", "setpriv", .. switches ? Identity : [], "--pdeathsig=INT", .. command];

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

        if (await MayWriteAsync(path, stop))
        {
            return;
        }

        passesThrough = switches;
        if (!await MayWriteAsync(path, stop))
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

    /// <summary>By doing it: access(2), which test(1) asks, does not count capabilities.</summary>
    private async Task<bool> MayWriteAsync(string directory, CancellationToken stop) =>
        (
            await ChildProcess.RunAsync(
                Command("sh", "-c", "cd -- \"$1\" && : >.fileshare-probe && rm .fileshare-probe", "sh", directory),
                "",
                stop
            )
        ).Succeeded;

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
