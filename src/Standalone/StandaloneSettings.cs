using FileSharing.Cluster.Hosting;

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

    /// <summary>The API's TCP port on 127.0.0.1; nodes take the ports from 11 above.</summary>
    public int Port { get; init; } = DefaultPort;

    /// <summary>Storage nodes in this process.</summary>
    public int Nodes { get; init; } = NodesMin;

    /// <summary>Whether the first start prints the administrator's password. False where the output is a log file.</summary>
    public bool ShowPassword { get; init; } = true;

    public DataLayout Layout => new(Data);

    /// <summary>The API as this machine reaches it.</summary>
    public Uri ApiUrl => Loopback(Port);

    /// <param name="number">1 is the first node.</param>
    public Uri NodeUrl(int number) => Loopback(Port + FirstNodePortOffset + number - 1);

    /// <exception cref="SettingException">A value out of range, or a word on the command line that is no setting.</exception>
    public static StandaloneSettings From(string[] commandLine)
    {
        ArgumentNullException.ThrowIfNull(commandLine);
        var section = Settings.Load(Expand(commandLine)).GetSection("Standalone");
        return new StandaloneSettings
        {
            Data = Path.GetFullPath(section["Data"] is { Length: > 0 } data ? data : "data"),
            Port = (int)section.Number("Port", DefaultPort, 1, PortMax),
            Nodes = (int)section.Number("Nodes", NodesMin, NodesMin, NodesMax),
            ShowPassword = section.Flag("ShowPassword", fallback: true),
        };
    }

    /// <summary>The short forms replaced by the settings that they stand for.</summary>
    internal static string[] Expand(string[] commandLine) => [.. commandLine.Select(Expand)];

    private static string Expand(string word)
    {
        var name = word.Split('=', 2)[0];
        return ShortForms.TryGetValue(name, out var setting) ? setting + word[name.Length..] : word;
    }

    private static Uri Loopback(int port) => new($"http://127.0.0.1:{port}");
}
