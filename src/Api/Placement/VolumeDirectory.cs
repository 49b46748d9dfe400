using FileSharing.Cluster.Map;
using FileSharing.Metadata;

namespace FileSharing.Api.Placement;

/// <summary>Every volume that has ever registered, with its node, and how people name it.</summary>
internal sealed class VolumeDirectory
{
    private readonly Dictionary<Guid, VolumeRow> volumes;
    private readonly Dictionary<Guid, NodeRow> nodes;

    public VolumeDirectory(IEnumerable<NodeRow> nodes, IEnumerable<VolumeRow> volumes)
    {
        this.nodes = nodes.ToDictionary(node => node.NodeId);
        this.volumes = volumes.Where(v => this.nodes.ContainsKey(v.NodeId)).ToDictionary(v => v.VolumeId);
    }

    public static async Task<VolumeDirectory> ReadAsync(NodeRegistry registry, CancellationToken ct) =>
        new(await registry.NodesAsync(ct), await registry.VolumesAsync(ct));

    /// <summary>Its share when nobody says another: its capacity.</summary>
    public static double WeightOf(VolumeRow volume) => Math.Max(1, volume.CapacityBytes);

    public bool Knows(Guid volumeId) => volumes.ContainsKey(volumeId);

    public VolumeRow Volume(Guid volumeId) => volumes[volumeId];

    public NodeRow NodeOf(Guid volumeId) => nodes[volumes[volumeId].NodeId];

    /// <summary>As <c>2/1</c>; the id of a volume whose node has not said which of its directories it is.</summary>
    public string NameOf(Guid volumeId) =>
        volumes.TryGetValue(volumeId, out var volume) && volume.Number > 0
            ? VolumeName.Of(nodes[volume.NodeId].Name, volume.Number)
            : $"{volumeId:D}";

    public IReadOnlyDictionary<Guid, Guid> NodeOfVolume => volumes.ToDictionary(v => v.Key, v => v.Value.NodeId);

    public IReadOnlyDictionary<Guid, MapNode> MapNodes =>
        nodes.ToDictionary(n => n.Key, n => new MapNode(n.Key, n.Value.Name, new Uri(n.Value.Url!), n.Value.Zone));

    /// <param name="name">Name or id.</param>
    /// <param name="isMeant">
    /// Which of several of one name is meant: the disk that was in a directory before, and the one that is there now, have the same.
    /// </param>
    /// <exception cref="ApiException"><see cref="ApiError.NotFound"/>; <see cref="ApiError.LayoutRefused"/> when the name is of several.</exception>
    public VolumeRow Find(string name, Func<Guid, bool> isMeant)
    {
        var named = volumes
            .Values.Where(v => NameOf(v.VolumeId) == name || (Guid.TryParse(name, out var id) && id == v.VolumeId))
            .ToList();
        var meant = named.Where(v => isMeant(v.VolumeId)).ToList();
        return (meant.Count > 0 ? meant : named) switch
        {
            [var one] => one,
            [] => throw new ApiException(
                ApiError.NotFound,
                $"No volume is called '{name}'. A volume is known when its node has registered it; GET /admin/status lists names and ids."
            ),
            var several => throw new ApiException(
                ApiError.LayoutRefused,
                $"Several volumes are or were '{name}': {string.Join(", ", several.Select(v => v.VolumeId))}. Name the one that you mean by its id."
            ),
        };
    }
}
