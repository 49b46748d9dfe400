using FileSharing.Client;

namespace FileSharing.Cli;

/// <summary>What a verb works with: the output, and the client of whoever is logged in, made when it is first needed.</summary>
internal sealed class Session(CliHost host, Output output, bool forceProgress) : IDisposable
{
    private FileShareClient? client;

    public CliHost Host { get; } = host;
    public Output Output { get; } = output;

    public CredentialStore Credentials { get; } = new(host.Environment);

    /// <summary>True when a transfer should show how far it is.</summary>
    public bool ShowsProgress => forceProgress || (Host.IsErrorTerminal && !Output.IsQuiet && !Output.IsJson);

    public RemoteTree Tree => new(Client);

    /// <exception cref="UsageException">Nobody is logged in.</exception>
    public FileShareClient Client => client ??= Connect(Credentials.Current());

    /// <summary>A client for this address without regard to who is logged in.</summary>
    public FileShareClient Connect(Credentials credentials) =>
        new(
            new FileShareClientOptions
            {
                Url = credentials.Url,
                Token = credentials.Token,
                TimeProvider = Host.TimeProvider,
            }
        );

    public void Dispose() => client?.Dispose();
}
