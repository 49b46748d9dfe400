using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Wire;

namespace FileSharing.Cluster.Transport;

/// <summary>
/// What volumes ask one another about many records at once: docs/cluster.md, sections 5 and 6. Every method throws <see cref="NodeCallException"/> for a refusal,
/// <see cref="HttpRequestException"/> for a node that cannot be reached.
/// </summary>
public interface IVolumeCalls
{
    /// <summary>Stamps and answers which of these the volume holds, checked.</summary>
    /// <param name="ids">At most <see cref="AdoptRequest.IdsMax"/>.</param>
    Task<IReadOnlyList<bool>> AdoptAsync(
        MapVolume volume,
        uint epoch,
        IReadOnlyList<ChunkId> ids,
        CancellationToken cancellationToken
    );

    /// <summary>Digests of what the volume holds in these ranges.</summary>
    Task<IReadOnlyList<RangeDigest>> DigestAsync(
        MapVolume volume,
        DigestRequest request,
        CancellationToken cancellationToken
    );

    /// <summary>What the volume holds in a range, at most <see cref="RangeListReply.RecordsMax"/> records.</summary>
    Task<IReadOnlyList<ListedRecord>> ListAsync(
        MapVolume volume,
        RangeListRequest request,
        CancellationToken cancellationToken
    );

    /// <summary>Lets the volume prove that it has the bytes of these.</summary>
    Task<IReadOnlyList<byte[]?>> ChallengeAsync(
        MapVolume volume,
        ChallengeRequest request,
        CancellationToken cancellationToken
    );
}
