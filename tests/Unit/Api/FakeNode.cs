using FileSharing.Cluster.Map;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Membership;

namespace FileSharing.UnitTests.Api;

/// <summary>A storage node as the API sees it: joins, registers one volume, sends heartbeats and reports. It serves nothing.</summary>
internal sealed class FakeNode : IDisposable
{
    private readonly HttpClient http;
    private readonly ApiClient calls;
    private readonly ClusterSecrets secrets;

    private FakeNode(Uri api, Guid nodeId, ClusterSecrets secrets)
    {
        this.secrets = secrets;
        NodeId = nodeId;
        http = InternalHttp.Create(
            new InternalAuth(secrets, TimeProvider.System),
            $"{nodeId:D}",
            Map,
            TimeSpan.FromSeconds(10)
        );
        calls = new ApiClient(http, api);
    }

    public Guid NodeId { get; }

    public Guid VolumeId { get; } = Guid.CreateVersion7();

    public MapHolder Map { get; } = new();

    public static async Task<FakeNode> JoinAsync(RunningApi api, string name)
    {
        var (_, token) = await api.CallAsync(HttpMethod.Post, "/admin/nodes/tokens", api.AdminToken, new { name });
        using var anonymous = new HttpClient();
        var joined = await new ApiClient(anonymous, api.Url).JoinAsync(
            new JoinRequest(token.GetProperty("token").GetString()!, name),
            CancellationToken.None
        );
        var node = new FakeNode(api.Url, joined.NodeId, joined.Secrets);
        await node.calls.RegisterAsync(
            new RegisterRequest(
                node.NodeId,
                new Uri("http://127.0.0.1:1"),
                "default",
                [new RegisterVolume(node.VolumeId, 0, 1, 1000, 1)]
            ),
            CancellationToken.None
        );
        return node;
    }

    /// <summary>One heartbeat; takes the map that comes with the answer.</summary>
    public async Task<ClusterAnswer> BeatAsync(params Guid[] open)
    {
        var answer = await calls.GetClusterAsync(null, open.Length > 0 ? open : [VolumeId], CancellationToken.None);
        if (answer.News?.Map is { } map)
        {
            Map.Offer(MapFormat.Parse(map, secrets.MapKey));
        }

        return answer;
    }

    /// <summary>A heartbeat of a node that has taken the news of that name.</summary>
    public Task<ClusterAnswer> BeatAgainAsync(string known) =>
        calls.GetClusterAsync(known, [VolumeId], CancellationToken.None);

    public Task ReportAsync(params PartitionReport[] reports) =>
        calls.ReportPartitionsAsync(new PartitionReports(reports), CancellationToken.None);

    public void Dispose() => http.Dispose();
}
