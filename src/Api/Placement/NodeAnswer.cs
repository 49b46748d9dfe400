using FileSharing.Cluster.Map;
using FileSharing.Cluster.Wire;

namespace FileSharing.Api.Placement;

/// <summary>What a node of the map says about itself.</summary>
/// <param name="Status">Null when it cannot be asked.</param>
/// <param name="Reason">Why it cannot, as far as that is known.</param>
internal sealed record NodeAnswer(MapNode Node, NodeStatus? Status, string? Reason);
