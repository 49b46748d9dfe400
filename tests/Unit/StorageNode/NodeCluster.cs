using System.Buffers;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Chunks.Keys;
using FileSharing.Cluster;
using FileSharing.Cluster.Hosting;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Transport;
using FileSharing.Standalone;
using FileSharing.StorageNode;
using FileSharing.StorageNode.Membership;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace FileSharing.UnitTests.StorageNode;

/// <summary>
/// Three real storage nodes over real HTTP, engines and disks, without an API: what a node does while the API is away. The test plays the API's part in signing
/// URLs and making the map.
/// </summary>
internal sealed class NodeCluster : IAsyncDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("fileshare-nodes-").FullName;
    private readonly ClusterSecrets secrets;
    private readonly RootKey rootKey;
    private readonly MapHolder map = new();
    private readonly HttpClient internalHttp;
    private readonly Func<NodeSettings, NodeSettings>? configure;
    private Action<ILoggingBuilder> logging = TestLog.Configure;

    private NodeCluster(ClusterSecrets secrets, RootKey rootKey, Func<NodeSettings, NodeSettings>? configure, int nodes)
    {
        Nodes = new NodeServer?[nodes];
        this.secrets = secrets;
        this.rootKey = rootKey;
        this.configure = configure;
        Signer = new UrlSigner(secrets, TimeProvider.System);
        internalHttp = InternalHttp.Create(
            new InternalAuth(secrets, TimeProvider.System),
            InternalAuth.ApiSender,
            map,
            TimeSpan.FromSeconds(20)
        );
        Calls = new NodeClient(internalHttp, map);
    }

    public NodeServer?[] Nodes { get; }

    public UrlSigner Signer { get; }

    public NodeClient Calls { get; }

    public HttpClient Http { get; } = new(new SocketsHttpHandler { UseProxy = false });

    public ClusterMap Map => map.Required;

    /// <summary>What the nodes were given at their first start: one data key.</summary>
    public ClusterSecrets Secrets => secrets;

    public Guid UploadId { get; } = Guid.NewGuid();

    /// <param name="configure">Changes what the nodes are started with.</param>
    /// <param name="nodes">How many; the first three have the partitions.</param>
    /// <param name="lines">Gets what they log.</param>
    public static async Task<NodeCluster> StartAsync(
        Func<NodeSettings, NodeSettings>? configure = null,
        int nodes = 3,
        LogLines? lines = null
    )
    {
        var rootKeyHex = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(RootKey.Bytes));
        var root = RootKey.Parse(rootKeyHex);
        var dataKey = root.Wrap(KeyDomain.Data, 1, DateTimeOffset.UnixEpoch, RandomNumberGenerator.GetBytes(32));
        var made = new ClusterSecrets
        {
            ClusterId = Guid.NewGuid(),
            UrlKeys = [new SigningKey(1, ClusterSecrets.NewKey())],
            ReceiptKey = ClusterSecrets.NewKey(),
            InternalKey = ClusterSecrets.NewKey(),
            MapKey = ClusterSecrets.NewKey(),
            DataKeys = [dataKey],
            ActiveDataKey = 1,
            ChunkingPolicy = "dedup",
        };
        var cluster = new NodeCluster(made, root, configure, nodes);
        cluster.logging = lines is null ? TestLog.Configure : lines.Configure;
        await SecretFile.WriteAsync(
            cluster.RootKeyFile,
            rootKeyHex,
            SecretFile.OwnerReads,
            TestContext.Current.CancellationToken
        );
        for (var i = 0; i < nodes; i++)
        {
            new NodeFiles(cluster.DataOf(i)).Write(new NodeIdentity(Guid.NewGuid(), $"{i + 1}", made));
            await cluster.StartNodeAsync(i, "http://127.0.0.1:0", configure);
        }

        cluster.OfferMap();
        return cluster;
    }

    /// <summary>Stops one node as SIGTERM would.</summary>
    public async Task StopNodeAsync(int i)
    {
        await Nodes[i]!.DisposeAsync();
        Nodes[i] = null;
    }

    /// <summary>Starts a stopped node where it was.</summary>
    /// <param name="changed">Instead of what it was started with.</param>
    public async Task RestartNodeAsync(int i, Func<NodeSettings, NodeSettings>? changed = null)
    {
        await StartNodeAsync(i, Map.Nodes[i].Url.ToString(), changed ?? configure);
        Nodes[i]!.Map.Offer(Map);
    }

    /// <summary>As when the API publishes a map and every node that is up has taken it.</summary>
    public void Publish(ClusterMap next)
    {
        map.Offer(next);
        foreach (var node in Nodes)
        {
            node?.Map.Offer(next);
        }
    }

    /// <summary>As when the API says that nobody acts under an older map any more.</summary>
    public void RaiseFloor()
    {
        foreach (var node in Nodes)
        {
            node?.News.Heard(Stopwatch.GetTimestamp(), Map.Version, RepairPace.Default);
        }
    }

    /// <summary>Everybody reaches this node at another address from now on.</summary>
    public void Redirect(int i, Uri url)
    {
        var nodes = Map.Nodes.Select((node, at) => at == i ? node with { Url = url } : node).ToList();
        Publish(Map.WithNodes(Map.Version + 1, nodes));
    }

    /// <summary>A way to the nodes as each of them has to the others.</summary>
    public HttpChunkTransport NewTransport(PeerHealth health, Func<int, IMemoryOwner<byte>> rent) =>
        new(internalHttp, map, health, rent);

    /// <summary>Reads as a node that owns nothing does.</summary>
    public ReplicaReader NewReader(IChunkTransport transport, PeerHealth health) =>
        new(
            map,
            transport,
            health,
            Guid.NewGuid(),
            RecordCodec.IsIntact,
            TimeProvider.System,
            NullLogger<ReplicaReader>.Instance
        );

    /// <summary>Which node the map names first for this id.</summary>
    public int FirstOwnerOf(ChunkId id)
    {
        var first = Map.OwnersOf(id)[0].NodeId;
        return Enumerable.Range(0, Nodes.Length).First(i => Map.Nodes[i].NodeId == first);
    }

    /// <summary>A further data key, as the API makes one.</summary>
    public WrappedKey NewDataKey(uint id) =>
        rootKey.Wrap(KeyDomain.Data, id, DateTimeOffset.UnixEpoch, RandomNumberGenerator.GetBytes(32));

    /// <summary>As if the node had taken the map from the API and kept it.</summary>
    public void KeepMap(int i) => new NodeFiles(DataOf(i)).WriteMap(Map.ToSignedBytes(secrets.MapKey));

    public Guid ClusterId => secrets.ClusterId;

    public string DataOf(int i) => Path.Combine(directory, $"node-{i + 1}");

    /// <summary>For <see cref="StartAsync"/>: the first node has two volumes.</summary>
    public static NodeSettings WithTwoVolumes(NodeSettings settings) =>
        settings.Name == "1"
            ? settings with
            {
                Volumes = [Path.Combine(settings.Data, "volume-1"), Path.Combine(settings.Data, "volume-2")],
            }
            : settings;

    /// <summary>A chunk that this volume is an owner of; another seed gives another chunk.</summary>
    public byte[] ChunkOwnedBy(Guid volumeId, int bytes, int seed)
    {
        for (var attempt = 0; ; attempt++)
        {
            var chunk = Random(bytes, (seed * 1_000) + attempt);
            if (Map.OwnersOf(ChunkId.OfChunk(chunk)).Any(owner => owner.VolumeId == volumeId))
            {
                return chunk;
            }
        }
    }

    /// <summary>A URL of this node.</summary>
    public Uri Url(int node, UrlGrant grant) => new(Map.Nodes[node].Url, Signer.Sign(grant, TimeSpan.FromMinutes(10)));

    public UrlGrant PutGrant(ReadOnlySpan<byte> chunk, int index = 0) =>
        UrlGrant.PutChunk(ChunkId.OfChunk(chunk), chunk.Length, UploadId, index, epoch: 1);

    public async Task<HttpResponseMessage> PutAsync(int node, byte[] chunk) =>
        await Http.PutAsync(Url(node, PutGrant(chunk)), new ByteArrayContent(chunk));

    public async Task<HttpResponseMessage> GetAsync(
        int node,
        UrlGrant grant,
        string? range = null,
        Action<HttpRequestHeaders>? headers = null
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Url(node, grant));
        if (range is not null)
        {
            request.Headers.TryAddWithoutValidation("Range", range);
        }

        headers?.Invoke(request.Headers);
        return await Http.SendAsync(request);
    }

    /// <summary>Stores a file cut into these chunks, and its manifest as the API would; the grant to download it.</summary>
    public async Task<UrlGrant> PutFileAsync(params byte[][] chunks)
    {
        foreach (var chunk in chunks)
        {
            (await PutAsync(0, chunk)).EnsureSuccessStatusCode();
        }

        var manifest = Manifest.Create(
            0,
            "dedup",
            [.. chunks.Select(chunk => new ManifestEntry(ChunkId.OfChunk(chunk), chunk.Length))]
        );
        var body = manifest.ToBody();
        var id = Manifest.IdOf(body);
        await Calls.PutManifestAsync(Map.Nodes[0], id, body, epoch: 1, CancellationToken.None);
        return UrlGrant.GetFile(id, RecordKind.Manifest, manifest.Size, "bytes ü.bin", "application/octet-stream");
    }

    /// <summary>Which nodes' indexes hold it.</summary>
    public bool[] Holders(ChunkId id) => [.. Nodes.Select(node => node?.Volumes.Open[0].Store.Find(id) is not null)];

    public static byte[] Random(int bytes, int seed)
    {
        var data = new byte[bytes];
        new Random(seed).NextBytes(data);
        return data;
    }

    public static async Task EventuallyAsync(Func<bool> holds, string what, int seconds = 20)
    {
        for (var i = 0; i < seconds * 20; i++)
        {
            if (holds())
            {
                return;
            }

            await Task.Delay(50);
        }

        Assert.Fail($"Not within {seconds} s: {what}");
    }

    public string RootKeyFile => Path.Combine(directory, "root.key");

    private async Task StartNodeAsync(int i, string listen, Func<NodeSettings, NodeSettings>? change)
    {
        var settings = new NodeSettings
        {
            Name = $"{i + 1}",
            Listen = new ListenSettings { Listen = new Uri(listen) },
            Data = DataOf(i),
            Volumes = [Path.Combine(DataOf(i), "volume-1")],
            ApiUrl = new Uri("http://127.0.0.1:9"),
            RootKey = RootKeySource.OfFile("Node:RootKeyFile", RootKeyFile),
            FreeBytesMin = 64L << 20,
        };
        Nodes[i] = await NodeServer.StartAsync(
            change?.Invoke(settings) ?? settings,
            peers: null,
            logging,
            CancellationToken.None
        );
    }

    private void OfferMap()
    {
        var nodes = Nodes.Select((node, i) => new MapNode(node!.NodeId, $"{i + 1}", node.Address, "default")).ToList();
        var volumes = Nodes
            .SelectMany(node => node!.Volumes.Open.Select(volume => new MapVolume(volume.VolumeId, node.NodeId, 1)))
            .ToList();
        var owners = ClusterMap.Build(
            1,
            secrets.ClusterId,
            nodes,
            [.. volumes.Where(volume => nodes.Take(3).Any(node => node.NodeId == volume.NodeId))]
        );
        Publish(new ClusterMap(1, secrets.ClusterId, nodes, volumes, owners.Table, []));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
        {
            if (node is not null)
            {
                await node.DisposeAsync();
            }
        }

        internalHttp.Dispose();
        rootKey.Dispose();
        Http.Dispose();
        Directory.Delete(directory, recursive: true);
    }
}
