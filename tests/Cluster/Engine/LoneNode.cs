using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Chunks.Keys;
using FileSharing.Cluster;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Transport;
using FileSharing.StorageNode.Membership;
using Microsoft.Extensions.Logging.Abstractions;

namespace FileSharing.ClusterTests.Engine;

/// <summary>
/// A cluster of one storage node, a real process, without an API: its identity, map and volumes are made on disk before it starts, and the test is the peer
/// that sends it records. So an acknowledgement is that of one volume, and nothing but its disk can keep what it acknowledged.
/// </summary>
internal sealed class LoneNode : IAsyncDisposable
{
    private const long PooledBytesMax = 32L << 20;

    /// <summary>Nobody listens there.</summary>
    private static readonly Uri Nowhere = new("http://127.0.0.1:9");

    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(20);

    private readonly LoneNodeOptions options;
    private readonly byte[] rootKeyBytes = RandomNumberGenerator.GetBytes(RootKey.Bytes);
    private readonly RootKey rootKey;
    private readonly ClusterSecrets secrets;
    private readonly DataKeys keys;
    private readonly BufferPool buffers = new(PooledBytesMax);
    private readonly MapHolder map = new();
    private readonly HttpClient http;
    private readonly string directory;
    private readonly Uri address = new($"http://127.0.0.1:{FreePort()}");
    private readonly Guid nodeId = Guid.NewGuid();
    private readonly List<MapVolume> volumes = [];

    private LoneNode(LoneNodeOptions options)
    {
        this.options = options;
        rootKey = new RootKey(rootKeyBytes);
        directory = Directory.CreateTempSubdirectory("fileshare-lone-").FullName;
        secrets = new ClusterSecrets
        {
            ClusterId = Guid.NewGuid(),
            UrlKeys = [new SigningKey(1, ClusterSecrets.NewKey())],
            ReceiptKey = ClusterSecrets.NewKey(),
            InternalKey = ClusterSecrets.NewKey(),
            MapKey = ClusterSecrets.NewKey(),
            DataKeys = [rootKey.Wrap(KeyDomain.Data, 1, DateTimeOffset.UnixEpoch, RandomNumberGenerator.GetBytes(32))],
            ChunkingPolicy = "dedup",
        };
        keys = new DataKeys(rootKey, secrets.DataKeys);
        Codec = new RecordCodec(keys, new RecordCodecOptions());
        http = InternalHttp.Create(
            new InternalAuth(secrets, TimeProvider.System),
            InternalAuth.ApiSender,
            map,
            CallTimeout
        );
        Calls = new NodeClient(http, map);
        Transport = NewTransport();
    }

    public RecordCodec Codec { get; }

    public NodeClient Calls { get; }

    /// <summary>The way of a peer to this node; a new one for each start, since it remembers failures.</summary>
    public HttpChunkTransport Transport { get; private set; }

    public ClusterMap Map => map.Required;

    public NodeProcess? Process { get; private set; }

    /// <summary>Makes everything that a node finds when it has joined before; it does not start yet.</summary>
    public static async Task<LoneNode> CreateAsync(LoneNodeOptions options)
    {
        var node = new LoneNode(options);
        await File.WriteAllTextAsync(node.RootKeyFile, Convert.ToHexStringLower(node.rootKeyBytes));
        File.SetUnixFileMode(node.RootKeyFile, UnixFileMode.UserRead);
        for (var i = 0; i < options.Volumes; i++)
        {
            await using var store = await node.OpenVolumeAsync(i);
            node.volumes.Add(new MapVolume(store.VolumeId, node.nodeId, 1));
        }

        node.map.Offer(node.MakeMap());
        var files = new NodeFiles(node.Data);
        files.Write(new NodeIdentity(node.nodeId, "1", node.secrets));
        files.WriteMap(node.Map.ToSignedBytes(node.secrets.MapKey));
        return node;
    }

    /// <summary>Starts the process; it may not answer yet, and may never: see <see cref="NodeProcess.WaitReadyAsync"/>.</summary>
    /// <param name="trace">Options of strace, or null.</param>
    public async Task<NodeProcess> StartAsync(IReadOnlyList<string>? trace = null)
    {
        Process?.Dispose();
        await Transport.DisposeAsync();
        Transport = NewTransport();
        return Process = NodeProcess.Start(Settings(), address, trace);
    }

    /// <summary>Starts it and waits until it answers.</summary>
    /// <exception cref="InvalidOperationException">It ended instead; its log is in the message.</exception>
    public async Task<NodeProcess> StartReadyAsync(IReadOnlyList<string>? trace = null)
    {
        var process = await StartAsync(trace);
        return await process.WaitReadyAsync(http)
            ? process
            : throw new InvalidOperationException(
                $"The node did not start: {process.Describe()}\n{await process.ReadLogAsync()}"
            );
    }

    public Task<bool> WaitReadyAsync() => Process!.WaitReadyAsync(http);

    /// <summary>Its own volumes, in the order of the settings.</summary>
    public IReadOnlyList<MapVolume> Volumes => volumes;

    /// <summary>The volume of this node that a record goes to.</summary>
    public MapVolume OwnerOf(ChunkId id) => Map.OwnersOf(id).Single(owner => owner.NodeId == nodeId);

    /// <summary>Opens a volume in this process, while the node is down.</summary>
    public async Task<BlobStore> OpenVolumeAsync(int volume)
    {
        var store = await BlobStore.OpenAsync(
            new VolumeOptions
            {
                Path = VolumePath(volume),
                ClusterId = secrets.ClusterId,
                NodeName = "1",
                SegmentBytesMax = options.SegmentBytesMax,
                FreeBytesMin = 0,
            },
            keys,
            new DirectDisk(),
            TimeProvider.System,
            CancellationToken.None
        );
        await store.StoreKeysAsync([.. secrets.DataKeys], CancellationToken.None);
        return store;
    }

    public string VolumePath(int volume) => Path.Combine(directory, $"volume-{volume + 1}");

    public string PathOf(string name) => Path.Combine(directory, name);

    private string Data => Path.Combine(directory, "node");

    private string RootKeyFile => Path.Combine(directory, "root.key");

    private IReadOnlyList<string> Settings() =>
        [
            "--Node:Name=1",
            $"--Node:Listen={address}",
            $"--Node:Data={Data}",
            $"--Node:ApiUrl={Nowhere}",
            $"--Node:RootKeyFile={RootKeyFile}",
            $"--Node:FreeBytesMin={options.SegmentBytesMax * 2}",
            $"--Node:SegmentBytesMax={options.SegmentBytesMax}",
            .. Enumerable.Range(0, options.Volumes).Select(i => $"--Node:Volumes:{i}={VolumePath(i)}"),
        ];

    /// <summary>Three copies need three nodes: the other two are never there.</summary>
    private ClusterMap MakeMap()
    {
        var away = new[] { "2", "3" }.Select(name => new MapNode(Guid.NewGuid(), name, Nowhere, "default")).ToList();
        return ClusterMap.Build(
            1,
            secrets.ClusterId,
            [new MapNode(nodeId, "1", address, "default"), .. away],
            [.. volumes, .. away.Select(peer => new MapVolume(Guid.NewGuid(), peer.NodeId, 1))]
        );
    }

    private HttpChunkTransport NewTransport() =>
        new(
            http,
            map,
            new PeerHealth(TimeProvider.System, new Random(1), NullLogger<PeerHealth>.Instance),
            buffers.Rent
        );

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        if (Process is { HasExited: false } running)
        {
            await running.KillAsync();
        }

        Process?.Dispose();
        await Transport.DisposeAsync();
        http.Dispose();
        keys.Dispose();
        rootKey.Dispose();
        buffers.Dispose();
        Directory.Delete(directory, recursive: true);
    }
}

/// <param name="Volumes">Volumes of the node, each in a directory of its own.</param>
/// <param name="SegmentBytesMax">Small, so that segments are sealed and followed by others within a test.</param>
internal sealed record LoneNodeOptions(int Volumes = 1, long SegmentBytesMax = 4L << 20);
