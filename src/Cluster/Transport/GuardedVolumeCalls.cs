using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Wire;

namespace FileSharing.Cluster.Transport;

/// <summary>
/// Questions to volumes under the circuit breaker of their node: one that does not answer costs a few calls that fail, and not one a question. A node that is left alone is
/// refused as one that cannot be reached, at once.
/// </summary>
public sealed class GuardedVolumeCalls(IVolumeCalls calls, PeerHealth health) : IVolumeCalls
{
    /// <inheritdoc/>
    public Task<IReadOnlyList<bool>> AdoptAsync(
        MapVolume volume,
        uint epoch,
        IReadOnlyList<ChunkId> ids,
        CancellationToken cancellationToken
    ) => GuardAsync(volume, () => calls.AdoptAsync(volume, epoch, ids, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<RangeDigest>> DigestAsync(
        MapVolume volume,
        DigestRequest request,
        CancellationToken cancellationToken
    ) => GuardAsync(volume, () => calls.DigestAsync(volume, request, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ListedRecord>> ListAsync(
        MapVolume volume,
        RangeListRequest request,
        CancellationToken cancellationToken
    ) => GuardAsync(volume, () => calls.ListAsync(volume, request, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<byte[]?>> ChallengeAsync(
        MapVolume volume,
        ChallengeRequest request,
        CancellationToken cancellationToken
    ) => GuardAsync(volume, () => calls.ChallengeAsync(volume, request, cancellationToken), cancellationToken);

    private async Task<T> GuardAsync<T>(MapVolume volume, Func<Task<T>> ask, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(volume);
        using var call =
            health.TryBegin(volume.NodeId)
            ?? throw new HttpRequestException("The node has failed lately, and is left alone for a moment.");
        try
        {
            var answer = await ask();
            call.Succeeded();
            return answer;
        }
        catch (NodeCallException)
        {
            // It answered, whatever it said.
            call.Succeeded();
            throw;
        }
        catch (Exception error)
            when (error is HttpRequestException or IOException
                || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            )
        {
            call.Failed();
            throw;
        }
    }
}
