using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;

namespace FileSharing.UnitTests.Cluster;

/// <summary>Has no answer to any question; a test overrides the one that it asks.</summary>
internal abstract class SilentVolumeCalls : IVolumeCalls
{
    public virtual Task<IReadOnlyList<bool>> AdoptAsync(
        MapVolume volume,
        uint epoch,
        IReadOnlyList<ChunkId> ids,
        CancellationToken cancellationToken
    ) => throw new NotSupportedException();

    public virtual Task<IReadOnlyList<RangeDigest>> DigestAsync(
        MapVolume volume,
        DigestRequest request,
        CancellationToken cancellationToken
    ) => throw new NotSupportedException();

    public virtual Task<IReadOnlyList<ListedRecord>> ListAsync(
        MapVolume volume,
        RangeListRequest request,
        CancellationToken cancellationToken
    ) => throw new NotSupportedException();

    public virtual Task<IReadOnlyList<byte[]?>> ChallengeAsync(
        MapVolume volume,
        ChallengeRequest request,
        CancellationToken cancellationToken
    ) => throw new NotSupportedException();
}
