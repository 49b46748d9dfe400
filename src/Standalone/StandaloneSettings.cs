using FileSharing.Cluster.Hosting;
using Microsoft.Extensions.Configuration;

namespace FileSharing.Standalone;

/// <summary>Section <c>Standalone</c>; <c>--data</c>, <c>--port</c> and <c>--nodes</c> are short for its keys.</summary>
public sealed record StandaloneSettings
{
    /// <summary>Three copies of a chunk lie on three nodes.</summary>
    public const int NodesMin = 3;

    public const int NodesMax = 32;

    // Node ports start 11 above the API's, and every port must stay below 65,536.
    private const int PortMax = 65_535 - FirstNodePortOffset - NodesMax;
    private const int FirstNodePortOffset = 11;
    private const int DefaultPort = 8080;

    private static readonly Dictionary<string, string> ShortForms = new(StringComparer.Ordinal)
    {
        ["--data"] = "--Standalone:Data",
        ["--port"] = "--Standalone:Port",
        ["--nodes"] = "--Standalone:Nodes",
        ["--show-password"] = "--Standalone:ShowPassword",
    };

    /// <summary>Everything that is kept lies below it. Absolute.</summary>
    public required string Data { get; init; }

    /// <summary>The API's TCP port; nodes take the ports from 11 above.</summary>
    public int Port { get; init; } = DefaultPort;

    /// <summary>Storage nodes in this process.</summary>
    public int Nodes { get; init; } = NodesMin;

    /// <summary>Whether the first start prints the administrator's password. False where the output is a log file.</summary>
    public bool ShowPassword { get; init; } = true;

    /// <summary>Prints the root key; null: it lies in the data directory, made at the first start.</summary>
    public string? RootKeyCommand { get; init; }

    /// <summary>Scheme and address to listen on, and those under which clients reach it: without ports, which follow from <see cref="Port"/>.</summary>
    public ListenSettings Listen { get; init; } = new() { Listen = Loopback };

    public DataLayout Layout => new(Data);

    /// <summary>The API as clients, and this process itself, reach it.</summary>
    public Uri ApiUrl => At(Listen.PublicUrl ?? Listen.Listen, Port);

    /// <summary>Where the API listens.</summary>
    public Uri ApiListen => At(Listen.Listen, Port);

    /// <summary>A node as clients and the API reach it.</summary>
    /// <param name="number">1 is the first node.</param>
    public Uri NodeUrl(int number) => At(Listen.PublicUrl ?? Listen.Listen, NodePort(number));

    /// <inheritdoc cref="NodeUrl"/>
    public Uri NodeListen(int number) => At(Listen.Listen, NodePort(number));

    /// <exception cref="SettingException">A value out of range, or a word on the command line that is no setting.</exception>
    public static StandaloneSettings From(string[] commandLine)
    {
        ArgumentNullException.ThrowIfNull(commandLine);
        var section = Settings.Load(Expand(commandLine)).GetSection("Standalone");
        return new StandaloneSettings
        {
            Listen = ListenFrom(section),
            Data = Path.GetFullPath(section["Data"] is { Length: > 0 } data ? data : "data"),
            Port = (int)section.Number("Port", DefaultPort, 1, PortMax),
            Nodes = (int)section.Number("Nodes", NodesMin, NodesMin, NodesMax),
            ShowPassword = section.Flag("ShowPassword", fallback: true),
            RootKeyCommand = section["RootKeyCommand"] is { Length: > 0 } command ? command : null,
        };
    }

    /// <summary>The short forms replaced by the settings that they stand for.</summary>
    internal static string[] Expand(string[] commandLine) => [.. commandLine.Select(Expand)];

    private static string Expand(string word)
    {
        var name = word.Split('=', 2)[0];
        return ShortForms.TryGetValue(name, out var setting) ? setting + word[name.Length..] : word;
    }

    private static ListenSettings ListenFrom(IConfigurationSection section)
    {
        var listen = ListenSettings.From(section, Loopback.AbsoluteUri);
        foreach (var (key, address) in new[] { ("Listen", listen.Listen), ("PublicUrl", listen.PublicUrl) })
        {
            if (address is { IsDefaultPort: false })
            {
                throw new SettingException(
                    $"{section.Path}:{key}",
                    $"takes no port, only scheme and address such as {address.Scheme}://{address.Host}: the ports of API and nodes follow from Standalone:Port."
                );
            }
        }

        return listen.PublicUrl is null && listen.Listen.Host is "0.0.0.0" or "[::]"
            ? throw new SettingException(
                $"{section.Path}:PublicUrl",
                $"is missing: {listen.Listen.Host} is no address that a client can be given. Name this machine as others reach it, such as https://files.example.org."
            )
            : listen;
    }

    private static Uri Loopback { get; } = new("http://127.0.0.1");

    private int NodePort(int number) => Port + FirstNodePortOffset + number - 1;

    private static Uri At(Uri address, int port) => new UriBuilder(address) { Port = port }.Uri;
}
