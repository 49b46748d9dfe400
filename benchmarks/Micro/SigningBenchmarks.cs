using BenchmarkDotNet.Attributes;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Signing;

namespace FileSharing.Micro;

/// <summary>What a request costs beside its bytes: signing and checking its URL, finding its owners.</summary>
public class SigningBenchmarks
{
    private const int Ids = 1_024;

    private static readonly ChunkId Id = ChunkId.OfChunk([1]);
    private static readonly ChunkId[] Several =
    [
        .. Enumerable.Range(0, Ids).Select(i => ChunkId.OfChunk(BitConverter.GetBytes(i))),
    ];

    private readonly UrlSigner signer;
    private readonly UrlVerifier verifier;
    private readonly UrlGrant grant = UrlGrant.PutChunk(Id, 4096, Guid.NewGuid(), 1, 1);
    private readonly string path;
    private readonly KeyValuePair<string, string>[] query;
    private readonly ClusterMap map;

    public SigningBenchmarks()
    {
        var secrets = new ClusterSecrets
        {
            ClusterId = Guid.NewGuid(),
            UrlKeys = [new SigningKey(1, ClusterSecrets.NewKey())],
            ReceiptKey = ClusterSecrets.NewKey(),
            InternalKey = ClusterSecrets.NewKey(),
            MapKey = ClusterSecrets.NewKey(),
            DataKeys = [],
            ChunkingPolicy = "dedup",
        };
        signer = new UrlSigner(secrets, TimeProvider.System);
        verifier = new UrlVerifier(secrets, TimeProvider.System);
        var url = signer.Sign(grant, TimeSpan.FromHours(1)).Split('?');
        path = url[0];
        query =
        [
            .. url[1]
                .Split('&')
                .Select(parameter => parameter.Split('='))
                .Select(pair => KeyValuePair.Create(pair[0], pair[1])),
        ];
        var nodes = Enumerable
            .Range(0, 3)
            .Select(i => new MapNode(Guid.NewGuid(), $"{i}", new Uri("http://127.0.0.1"), "zone"))
            .ToList();
        map = ClusterMap.Build(
            1,
            secrets.ClusterId,
            nodes,
            [.. nodes.Select(node => new MapVolume(Guid.NewGuid(), node.NodeId, 1))]
        );
    }

    [Benchmark]
    public string Sign() => signer.Sign(grant, TimeSpan.FromHours(1));

    [Benchmark]
    public UrlGrant Verify() => verifier.Verify("PUT", path, query);

    [Benchmark(OperationsPerInvoke = Ids)]
    public int Owners()
    {
        var found = 0;
        foreach (var id in Several)
        {
            found += map.OwnersOf(id).Count;
        }

        return found;
    }
}
