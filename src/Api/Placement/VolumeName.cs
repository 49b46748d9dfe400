using FileSharing.Cluster.Map;

namespace FileSharing.Api.Placement;

/// <summary>How people name a volume: the node's name and which of its directories it is, as <c>1/2</c>. Known also while the volume cannot be opened.</summary>
internal static class VolumeName
{
    public static string Of(MapNode node, int number) => Of(node.Name, number);

    public static string Of(string node, int number) => $"{node}/{number}";
}
