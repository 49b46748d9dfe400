using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using FileSharing.Client;

namespace FileSharing.ClusterTests.Network;

/// <summary>The product on machines of a <see cref="VirtualNetwork"/>: API and Postgres on one, each storage node on one, the client library on this one.</summary>
internal sealed class NetworkCluster : IAsyncDisposable
{
    public const int Nodes = 3;
    private const int ApiOctet = 10;
    private const int NodeOctets = 20;
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly string directory = Directory.CreateTempSubdirectory("fileshare-network-").FullName;
    private readonly List<StorageNode> nodes = [];
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(60) };
    private SmallFileSystem? smallDisk;
    private Machine? postgres;
    private Machine? api;

    private NetworkCluster(VirtualNetwork network) => Network = network;

    public VirtualNetwork Network { get; }

    /// <summary>Those that are in the cluster.</summary>
    public IReadOnlyList<StorageNode> Members => nodes;

    /// <summary>Disk of the last node, when it has one of its own.</summary>
    public SmallFileSystem SmallDisk => smallDisk ?? throw new InvalidOperationException("No node has a small disk.");

    public Host ApiHost => api!.Host;

    public string RootKeyFile => Path.Combine(directory, "root.key");

    /// <summary>The client library as the administrator.</summary>
    public FileShareClient Client { get; private set; } = null!;

    private Uri Url => new($"http://{ApiHost.Address}:8080");

    /// <summary>Skips the test where no namespaces, or no disk, can be made.</summary>
    /// <param name="smallDiskMebibytes">The last of the nodes has a disk of its own, of this size; 0: none has.</param>
    public static async Task<NetworkCluster> StartAsync(int smallDiskMebibytes = 0)
    {
        var network = await VirtualNetwork.CreateAsync();
        var cluster = new NetworkCluster(network);
        try
        {
            cluster.smallDisk = smallDiskMebibytes > 0 ? SmallFileSystem.Mount(smallDiskMebibytes) : null;
            await cluster.StartPartsAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    private async Task StartPartsAsync()
    {
        await File.WriteAllTextAsync(RootKeyFile, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)));
        File.SetUnixFileMode(RootKeyFile, UnixFileMode.UserRead);
        // Postgres runs as another user below it.
        File.SetUnixFileMode(
            directory,
            UnixFileMode.UserRead
                | UnixFileMode.UserWrite
                | UnixFileMode.UserExecute
                | UnixFileMode.GroupExecute
                | UnixFileMode.OtherExecute
        );
        var host = await Network.AddAsync("api", ApiOctet);
        postgres = new Machine(host, "standalone", ["postgres", "--data", directory], PathOf("postgres.log"));
        postgres.Start();
        var connection = Path.Combine(directory, "run", "postgres-connection");
        await UntilAsync(() => Task.FromResult(File.Exists(connection)), "Postgres is ready", postgres);
        api = new Machine(
            host,
            "api",
            [
                $"--Api:Listen=http://{host.Address}:8080",
                "--Api:AllowPlainHttp=true",
                $"--Api:Postgres={(await File.ReadAllTextAsync(connection)).Trim()}",
                $"--Api:RootKeyFile={RootKeyFile}",
                $"--Api:AdminPasswordFile={PathOf("admin-password")}",
                $"--Api:Cluster:InitialNodes={Nodes}",
                "--Api:Cluster:DownAfterSeconds=5",
                "--Api:Cluster:MovesMax=16384",
                // Half of it cuts a silent node off, and so long a change of the layout waits for a machine that is lost.
                "--Api:Cluster:ReplaceAfterMinutes=1",
            ],
            PathOf("api.log")
        );
        api.Start();
        await UntilAsync(() => AnswersAsync(new Uri(Url, "/health/live")), "the API answers", api);
        await LoginAsync();
        for (var i = 1; i <= Nodes; i++)
        {
            var isSmall = i == Nodes && smallDisk is not null;
            await JoinAsync(await NewNodeAsync(i, isSmall ? SmallDisk.Root : null));
        }

        foreach (var node in nodes)
        {
            await ReadyAsync(node);
        }

        await UntilAsync(() => AnswersAsync(new Uri(Url, "/health/ready")), "the cluster has a map", api);
    }

    private async Task LoginAsync()
    {
        using var anonymous = new FileShareClient(new FileShareClientOptions { Url = Url });
        var password = (await File.ReadAllTextAsync(PathOf("admin-password"))).Trim();
        var login = await anonymous.LoginAsync("admin@localhost", password);
        Client = new FileShareClient(new FileShareClientOptions { Url = Url, Token = login.Token });
    }

    private async Task<StorageNode> NewNodeAsync(int number, string? disk)
    {
        var host = await Network.AddAsync(
            string.Create(CultureInfo.InvariantCulture, $"n{number}"),
            NodeOctets + number
        );
        return new StorageNode(number, host, PathOf($"node-{number}"), disk, RootKeyFile, Url);
    }

    private async Task JoinAsync(StorageNode node)
    {
        var token = await Client.AddNodeTokenAsync(node.Name);
        nodes.Add(node);
        node.Machine.Start($"--Node:JoinToken={token.Token}");
    }

    /// <summary>A node more, with an identity of its own and nothing on its disk; it holds nothing before the layout says so.</summary>
    public async Task<StorageNode> AddNodeAsync(int number)
    {
        var node = await NewNodeAsync(number, disk: null);
        await JoinAsync(node);
        await ReadyAsync(node);
        return node;
    }

    /// <summary>One is gone for good, and the layout has let go of it; the last that was added takes its place among <see cref="Members"/>.</summary>
    public async Task ForgetAsync(StorageNode gone)
    {
        nodes[nodes.IndexOf(gone)] = nodes[^1];
        nodes.RemoveAt(nodes.Count - 1);
        await gone.Machine.DisposeAsync();
    }

    /// <summary>Waits until the node serves.</summary>
    public Task ReadyAsync(StorageNode node) =>
        UntilAsync(() => AnswersAsync(node.HealthUrl), $"node {node.Name} is ready", node.Machine);

    /// <summary>One change of the layout, and waits until all has moved.</summary>
    /// <param name="changes">Operation, and volume by name or id.</param>
    public async Task ChangeLayoutAsync(params (string Operation, string Volume)[] changes)
    {
        foreach (var (operation, volume) in changes)
        {
            await Client.ChangeLayoutAsync(operation, volume);
        }

        await Client.ApplyLayoutAsync();
        await UntilAsync(
            async () => (await Client.GetLayoutAsync()).Moves is { UnderWay: 0, Waiting: 0 },
            "what the layout moves has moved",
            api!,
            TimeSpan.FromMinutes(3)
        );
    }

    /// <summary>Waits until <see cref="ClusterHealth"/> has seen everything whole.</summary>
    /// <returns>How long it took.</returns>
    public Task<TimeSpan> WholeAsync(TimeSpan limit) => new ClusterHealth(http, Url).WholeAsync(nodes.Count, limit);

    private async Task<bool> AnswersAsync(Uri url)
    {
        try
        {
            using var reply = await http.GetAsync(url);
            return reply.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> holds, string what, Machine who, TimeSpan? limit = null)
    {
        var clock = Stopwatch.StartNew();
        while (!await holds())
        {
            Assert.True(clock.Elapsed < (limit ?? StartTimeout), $"Not in time: {what}.\n{who.LogEnd()}");
            await Task.Delay(50);
        }
    }

    /// <summary>Stops the nodes cleanly, so that their disks can be looked at.</summary>
    public Task StopNodesAsync() => Task.WhenAll(nodes.Select(node => node.Machine.StopAsync()));

    public string PathOf(string name) => Path.Combine(directory, name);

    public async ValueTask DisposeAsync()
    {
        foreach (var node in nodes)
        {
            await node.Machine.DisposeAsync();
        }

        if (api is not null)
        {
            await api.DisposeAsync();
        }

        if (postgres is not null)
        {
            await postgres.StopAsync();
            await postgres.DisposeAsync();
        }

        Client?.Dispose();
        http.Dispose();
        smallDisk?.Dispose();
        await Network.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }
}
