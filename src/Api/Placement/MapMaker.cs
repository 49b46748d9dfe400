using FileSharing.Cluster.Map;
using FileSharing.Metadata;
using Microsoft.Extensions.Logging;

namespace FileSharing.Api.Placement;

/// <summary>
/// Makes cluster maps: the first when enough nodes have registered, and a new version with the same table when a node has moved to another address.
/// Several API processes may try at once; the database lets one version through.
/// </summary>
internal sealed class MapMaker(
    ClusterState state,
    ClusterStore store,
    NodeRegistry registry,
    ApiSettings settings,
    ILogger<MapMaker> log
)
{
    /// <summary>Takes the newest published map, if it is newer than the one in use.</summary>
    public async Task RefreshAsync(CancellationToken ct)
    {
        if (await store.MapAsync(state.Map.Current?.Version ?? 0, ct) is { } newer)
        {
            state.Offer(newer);
        }
    }

    /// <summary>Publishes a map when the registered nodes call for one.</summary>
    public async Task UpdateAsync(CancellationToken ct)
    {
        await RefreshAsync(ct);
        var nodes = (await registry.NodesAsync(ct))
            .Select(n => new MapNode(n.NodeId, n.Name, new Uri(n.Url!), n.Zone))
            .ToList();
        var next = state.Map.Current is { } current ? Moved(current, nodes) : await FirstAsync(nodes, ct);
        if (next is null)
        {
            return;
        }

        await PublishAsync(next, ct);
    }

    /// <summary>Makes this the newest map, unless another process was first: then that one's is taken.</summary>
    /// <returns>Whether it is.</returns>
    public async Task<bool> PublishAsync(ClusterMap next, CancellationToken ct)
    {
        var stored = new StoredMap { Version = next.Version, Map = next.ToSignedBytes(state.Secrets.MapKey) };
        var isNewest = await store.PublishMapAsync(stored, ct);
        if (isNewest)
        {
            state.Offer(stored);
            log.MapPublished(next.Version, next.Nodes.Count);
        }
        else
        {
            await RefreshAsync(ct);
        }

        return isNewest;
    }

    private async Task<ClusterMap?> FirstAsync(List<MapNode> nodes, CancellationToken ct)
    {
        var volumes = await registry.VolumesAsync(ct);
        var ready = nodes.Where(n => volumes.Exists(v => v.NodeId == n.NodeId)).ToList();
        return ready.Count < settings.InitialNodes
            ? null
            : ClusterMap
                .Build(
                    1,
                    state.Secrets.ClusterId,
                    ready,
                    [.. volumes.Select(v => new MapVolume(v.VolumeId, v.NodeId, VolumeDirectory.WeightOf(v)))]
                )
                .With(settings.ReplaceAfter);
    }

    private static ClusterMap? Moved(ClusterMap current, List<MapNode> nodes)
    {
        var registered = nodes.ToDictionary(n => n.NodeId);
        var now = current.Nodes.Select(n => registered.GetValueOrDefault(n.NodeId, n)).ToList();
        return now.SequenceEqual(current.Nodes) ? null : current.WithNodes(current.Version + 1, now);
    }
}
