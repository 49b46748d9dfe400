using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Transport;
using FileSharing.Metadata;

namespace FileSharing.Api.Placement;

/// <summary>
/// Signed URLs to storage nodes. One signature holds for every node, so alternatives differ in the host only. A node whose watch is silent gets no new URL.
/// </summary>
internal sealed class NodeUrls(ClusterState state, NodeWatch watch, UrlSigner signer)
{
    /// <summary>Where to PUT a chunk: its owners, the first one first.</summary>
    /// <exception cref="ApiException"><see cref="ApiError.NotEnoughOwners"/>.</exception>
    public string[] PutChunk(UploadSession session, int index, ChunkId id, int size)
    {
        var nodes = NodesOf(state.Map.Required, map => map.ReplicasOf(id).Targets)
            .Where(n => watch.IsReachable(n.NodeId))
            .ToArray();
        RefuseTooFew(nodes);
        return At(
            nodes,
            signer.Sign(
                UrlGrant.PutChunk(id, size, session.UploadId, index, (uint)session.Epoch),
                UrlGrant.UploadLifetimeMax
            )
        );
    }

    /// <summary>Where to PUT a positional part: every node, another one first for each session and index.</summary>
    /// <exception cref="ApiException"><see cref="ApiError.NotEnoughOwners"/>.</exception>
    public string[] PutPart(UploadSession session, int index)
    {
        var nodes = state.Map.Required.Nodes.Where(n => watch.IsReachable(n.NodeId)).ToArray();
        RefuseTooFew(nodes);
        var first = (int)(((uint)session.UploadId.GetHashCode() + (uint)index) % nodes.Length);
        var rotated = nodes.Select((_, i) => nodes[(first + i) % nodes.Length]);
        return At(
            rotated,
            signer.Sign(
                UrlGrant.PutPart(session.UploadId, index, session.PartBytes(index), (uint)session.Epoch),
                UrlGrant.UploadLifetimeMax
            )
        );
    }

    /// <summary>Where to GET a version: owners of its content first, then every other node; those that cannot be reached only when no other is left.</summary>
    public string[] GetFile(FileVersion version, string name)
    {
        var map = state.Map.Required;
        var id = new ChunkId(version.ContentId);
        var all = NodesOf(map, at => at.ReplicasOf(id).Readers).Concat(map.Nodes).Distinct().ToArray();
        var reachable = all.Where(n => watch.IsReachable(n.NodeId)).ToArray();
        var grant = UrlGrant.GetFile(
            id,
            version.ContentKind,
            version.Size,
            name,
            version.MimeType,
            version.Fingerprint is { } fingerprint ? Convert.ToHexStringLower(fingerprint) : null
        );
        return At(reachable.Length > 0 ? reachable : all, signer.Sign(grant, UrlGrant.DownloadLifetimeMax));
    }

    private static IEnumerable<MapNode> NodesOf(ClusterMap map, Func<ClusterMap, IReadOnlyList<MapVolume>> volumes) =>
        volumes(map).Select(map.NodeOf).Distinct();

    private static void RefuseTooFew(MapNode[] nodes)
    {
        if (nodes.Length < ReplicaSet.DurableCopies)
        {
            throw new ApiException(
                ApiError.NotEnoughOwners,
                "Fewer than two of the storage nodes that would hold this can be reached. Try again in a moment."
            )
            {
                RetryAfter = TimeSpan.FromSeconds(2),
            };
        }
    }

    private static string[] At(IEnumerable<MapNode> nodes, string pathAndQuery) =>
        [.. nodes.Select(n => n.Url.GetLeftPart(UriPartial.Authority) + pathAndQuery)];
}
