using FileSharing.Cluster.Map;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Membership;

namespace FileSharing.UnitTests.Api;

/// <summary>A storage node as the API sees it: joins, registers one volume, sends heartbeats and reports. It serves nothing, but where the test does so at its address.</summary>
internal sealed class FakeNode : IDisposable
{
    private static readonly Uri Nowhere = new("http://127.0.0.1:1");

    private readonly HttpClient http;
    private readonly ApiClient calls;
    private readonly ClusterSecrets secrets;

    /// <param name="secrets">What it believes the cluster's to be.</param>
    /// <param name="time">Its clock.</param>
    public FakeNode(Uri api, Guid nodeId, ClusterSecrets secrets, TimeProvider time)
    {
        this.secrets = secrets;
        NodeId = nodeId;
        Auth = new InternalAuth(secrets, time);
        http = InternalHttp.Create(Auth, $"{nodeId:D}", Map, TimeSpan.FromSeconds(10));
        calls = new ApiClient(http, api);
    }

    public Guid NodeId { get; }

    public Guid VolumeId { get; private init; } = Guid.CreateVersion7();

    private Uri Url { get; init; } = Nowhere;

    /// <summary>At which it has its volume open.</summary>
    public ulong Incarnation { get; private init; } = 1;

    public MapHolder Map { get; } = new();

    public ClusterSecrets Secrets => secrets;

    /// <summary>Signs and believes calls by its own clock.</summary>
    public InternalAuth Auth { get; }

    /// <param name="url">Where it is said to be; null for where nobody is.</param>
    public static async Task<FakeNode> JoinAsync(RunningApi api, string name, Uri? url = null)
    {
        var (_, token) = await api.CallAsync(HttpMethod.Post, "/admin/nodes/tokens", api.AdminToken, new { name });
        using var anonymous = new HttpClient();
        var joined = await new ApiClient(anonymous, api.Url).JoinAsync(
            new JoinRequest(token.GetProperty("token").GetString()!, name),
            CancellationToken.None
        );
        var node = new FakeNode(api.Url, joined.NodeId, joined.Secrets, TimeProvider.System) { Url = url ?? Nowhere };
        await node.RegisterAsync(node.VolumeId, 1);
        return node;
    }

    /// <summary>A second process with the same data: identity, secrets and volume, which it opens.</summary>
    public async Task<FakeNode> CopyAsync(RunningApi api)
    {
        var copy = new FakeNode(api.Url, NodeId, secrets, TimeProvider.System)
        {
            VolumeId = VolumeId,
            Incarnation = Incarnation + 1,
            Url = Url,
        };
        await copy.RegisterAsync(VolumeId, copy.Incarnation);
        return copy;
    }

    private Task<RegisterReply> RegisterAsync(Guid volume, ulong incarnation) =>
        calls.RegisterAsync(
            new RegisterRequest(
                NodeId,
                Url,
                "default",
                [new RegisterVolume(volume, (long)incarnation - 1, (long)incarnation, 1000, 1)]
            ),
            CancellationToken.None
        );

    /// <summary>One heartbeat; takes the map that comes with the answer.</summary>
    public async Task<ClusterAnswer> BeatAsync(params Guid[] open)
    {
        var answer = await calls.GetClusterAsync(
            null,
            (open.Length > 0 ? open : [VolumeId]).Select(volume => (volume, Incarnation)),
            CancellationToken.None
        );
        if (answer.News?.Map is { } map)
        {
            Map.Offer(MapFormat.Parse(map, secrets.MapKey));
        }

        return answer;
    }

    /// <summary>A heartbeat of a node that has taken the news of that name.</summary>
    public Task<ClusterAnswer> BeatAgainAsync(string known) =>
        calls.GetClusterAsync(known, [(VolumeId, Incarnation)], CancellationToken.None);

    public Task ReportAsync(params PartitionReport[] reports) =>
        calls.ReportPartitionsAsync(new PartitionReports(reports), CancellationToken.None);

    public void Dispose() => http.Dispose();
}
