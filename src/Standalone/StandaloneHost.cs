using FileSharing.Api;
using FileSharing.Cluster.Hosting;
using FileSharing.StorageNode;
using FileSharing.StorageNode.Replication;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace FileSharing.Standalone;

/// <summary>
/// The whole product in one process: a private Postgres, the API and the storage nodes. Between the nodes records go by direct call.
/// Same code, same SQL and same files as the separate processes.
/// </summary>
public sealed class StandaloneHost : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> started = new();
    private readonly StandaloneSettings settings;
    private readonly Action<ILoggingBuilder> logging;
    private readonly ILoggerFactory logs;
    private readonly ILogger log;

    private StandaloneHost(StandaloneSettings settings, Action<ILoggingBuilder> logging)
    {
        this.settings = settings;
        this.logging = logging;
        logs = LoggerFactory.Create(logging);
        log = logs.CreateLogger<StandaloneHost>();
    }

    /// <summary>At the first start the administrator's password, afterwards null.</summary>
    public string? NewAdminPassword { get; private set; }

    /// <summary>Ends with the name of the part that ended by itself.</summary>
    public Task<string> PartEnded { get; private set; } = null!;

    /// <summary>Returns when uploads and downloads are served.</summary>
    /// <param name="configuration">For the sections <c>Api</c> and <c>Node</c>; what this process decides itself (addresses, directories, Postgres) wins over them.</param>
    /// <exception cref="DataInUseException">Another process works on the data directory.</exception>
    /// <exception cref="IOException">The root key is missing beside existing data, or the data directory cannot be written.</exception>
    /// <exception cref="Postgres.PostgresException">Postgres cannot be had; the message says what to do.</exception>
    /// <exception cref="SettingException">A setting makes no sense.</exception>
    public static async Task<StandaloneHost> StartAsync(
        StandaloneSettings settings,
        IConfiguration configuration,
        Action<ILoggingBuilder> logging,
        CancellationToken stop
    )
    {
        ArgumentNullException.ThrowIfNull(settings);
        var host = new StandaloneHost(settings, logging);
        try
        {
            await host.RunAsync(configuration, stop);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    private async Task RunAsync(IConfiguration configuration, CancellationToken stop)
    {
        // 1. The directory is ours.
        var layout = settings.Layout;
        layout.Create();
        var files = Started(new RunFiles(layout));
        await EnsureRootKeyAsync(layout, stop);
        log.OneDisk(settings.Nodes, settings.Data);

        // 2. Postgres, then the API: nodes join by asking it.
        var postgres = Started(
            await PrivatePostgres.StartAsync(
                new PrivatePostgresSettings(layout.Postgres, layout.Run, log.PostgresSaid),
                TimeProvider.System,
                stop
            )
        );
        var parts = new PartSettings(settings, configuration);
        var api = Started(await ApiServer.StartAsync(parts.Api(postgres.ConnectionString), logging, stop));
        NewAdminPassword = api.NewAdminPassword;

        // 3. The nodes, all at once: the first map is made when all have registered.
        var peers = new DirectPeers();
        var nodes = await Task.WhenAll(
            Enumerable.Range(1, settings.Nodes).Select(number => StartNodeAsync(number, parts, api, peers, stop))
        );

        PartEnded = FirstToEndAsync([
            ("Postgres", postgres.Exited),
            ("The API", api.Completion),
            .. nodes.Select((node, i) => ($"Storage node {i + 1}", node.Completion)),
        ]);
        IReadOnlyList<Uri> addresses =
        [
            settings.ApiUrl,
            .. Enumerable.Range(1, settings.Nodes).Select(settings.NodeUrl),
        ];
        await Readiness.WaitAsync(addresses, PartEnded, log, stop);
        if (!PartEnded.IsCompleted)
        {
            files.Announce(settings.ApiUrl);
        }
    }

    private async Task EnsureRootKeyAsync(DataLayout layout, CancellationToken stop)
    {
        if (settings.RootKeyCommand is null)
        {
            if (await SecretFile.EnsureRootKeyAsync(layout, stop))
            {
                log.RootKeyMade(layout.RootKey);
            }
        }
        else if (File.Exists(layout.RootKey))
        {
            throw new SettingException(
                "Standalone:RootKeyCommand",
                $"is set, and {layout.RootKey} is there too. One of them has the key: take the file away, or the setting."
            );
        }
    }

    private async Task<NodeServer> StartNodeAsync(
        int number,
        PartSettings parts,
        ApiServer api,
        DirectPeers peers,
        CancellationToken stop
    )
    {
        var hasJoined = File.Exists(Path.Combine(settings.Layout.Node(number), "node.json"));
        var token = hasJoined ? null : await api.CreateJoinTokenAsync($"{number}", stop);
        var node = await NodeServer.StartAsync(parts.Node(number, token), peers, logging, stop);
        lock (started)
        {
            return Started(node);
        }
    }

    private static async Task<string> FirstToEndAsync(IReadOnlyList<(string Part, Task End)> parts)
    {
        var ended = await Task.WhenAny(parts.Select(part => part.End));
        return parts.First(part => part.End == ended).Part;
    }

    private T Started<T>(T part)
        where T : IAsyncDisposable
    {
        started.Push(part);
        return part;
    }

    /// <summary>Stops the nodes, the API and Postgres, in this order, then lets go of the data directory.</summary>
    public async ValueTask DisposeAsync()
    {
        log.Stopping();
        while (started.TryPop(out var part))
        {
            await part.DisposeAsync();
        }

        logs.Dispose();
    }
}
