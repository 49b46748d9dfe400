using System.Text.Json;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Volumes;
using Microsoft.Extensions.Logging;

namespace FileSharing.StorageNode.Membership;

/// <summary>
/// Keeps the node's view of the cluster fresh: registers what has been opened, and asks for newer keys and maps, at once when a peer spoke of one. The API
/// may be away for as long as it likes: the node goes on with what it has.
/// </summary>
internal sealed class ClusterLink(
    ApiClient api,
    ClusterState state,
    NodeFiles files,
    VolumeRegistration registration,
    NodeKeys keys,
    VolumeSet volumes,
    ClusterNews news,
    TimeProvider time,
    ILogger<ClusterLink> log
) : IDisposable
{
    /// <summary>Pause between questions; also after a failed one.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(2);

    /// <summary>While a peer is known to have a newer map, or there is none yet, or a new data key waits to be used, or replicas are on the move: each move waits for the
    /// news four times.</summary>
    private static readonly TimeSpan EagerPollInterval = TimeSpan.FromMilliseconds(250);

    private readonly SemaphoreSlim refreshing = new(1);

    /// <summary>Names the newest news that this node has taken.</summary>
    private string? taken;

    /// <summary>What the log has of why the API refuses this node; null when it does not.</summary>
    private string? refusalTold;

    /// <summary>Until cancelled.</summary>
    /// <exception cref="NodeCallException">The cluster refuses every volume of this node: copies, or rolled back. The node must not go on.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (await registration.RegisterNewAsync(cancellationToken) is { } reply)
                {
                    TakeMap(reply.Map);
                }

                await RefreshOrRefuseAsync(cancellationToken);
            }
            catch (NodeCallException refusal) when (refusal.Problem?.Type == Problem.VolumeRefused)
            {
                throw;
            }
            catch (NodeCallException refusal)
                when (refusal.Problem?.Type is Problem.ClockDiffers or Problem.InternalOnly or Problem.NodeRefused)
            {
                TellOnce(refusal.Problem.Type, refusal.Message);
            }
            catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
            {
                if (!cancellationToken.IsCancellationRequested)
                {
                    log.ApiAway(error.Message);
                }
            }
            catch (Exception error) when (IsNotTaken(error))
            {
                log.NewsNotTaken(error.Message);
            }

            var isEager =
                state.Map.Current is null or { Moves.Count: > 0 }
                || state.Map.IsBehind
                || state.Secrets.HasPendingDataKey;
            var pause = isEager ? EagerPollInterval : PollInterval;
            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RefreshOrRefuseAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RefreshAsync(cancellationToken);
        }
        catch (NodeCallException refusal) when (refusal.Problem?.Type == Problem.VolumeRefused)
        {
            await registration.RefuseOpenAsync(refusal, cancellationToken);
        }
    }

    /// <summary>For a write that an owner refused because of the map, or a record under a key that is not here: asks the API now, and is content when it cannot be asked.</summary>
    public async Task TryRefreshAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RefreshAsync(cancellationToken);
        }
        catch (Exception error)
            when (error is HttpRequestException
                || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            )
        {
            log.ApiAway(error.Message);
        }
        catch (Exception error) when (IsNotTaken(error))
        {
            log.NewsNotTaken(error.Message);
        }
    }

    /// <summary>An answer that makes no sense, or that no disk takes (a full one, a poisoned volume): the node goes on with what it has.</summary>
    private static bool IsNotTaken(Exception error) =>
        error is FormatException or JsonException or IOException or UnauthorizedAccessException;

    private async Task RefreshAsync(CancellationToken cancellationToken)
    {
        await refreshing.WaitAsync(cancellationToken);
        try
        {
            var askedAt = time.GetTimestamp();
            var answer = await api.GetClusterAsync(
                taken,
                volumes.Open.Select(volume => (volume.VolumeId, volume.Store.Incarnation)),
                cancellationToken
            );
            refusalTold = null;
            // Keys before the map, and on the volumes before in use; also without news, for a volume that could not take one or was not there.
            keys.Add(answer.News?.Secrets.DataKeys ?? []);
            await keys.StoreAsync(cancellationToken);
            if (answer.News is not null)
            {
                Take(answer.News);
            }

            // Only now: an answer counts when its map is in use here, and news that could not be taken are asked for again.
            taken = answer.Tag;
            if (answer is { Floor: { } floor, Repair: { } pace })
            {
                news.Heard(askedAt, floor, pace);
            }

            keys.UseIfStored(state.Secrets.ActiveDataKey);
        }
        finally
        {
            refreshing.Release();
        }
    }

    public void Dispose() => refreshing.Dispose();

    /// <summary>A person has to do something about it: not with every call that is refused, and again when it was over in between.</summary>
    private void TellOnce(string type, string reason)
    {
        if (refusalTold != type)
        {
            log.CallsRefused(reason);
            refusalTold = type;
        }
    }

    private void Take(ClusterReply reply)
    {
        state.Replace(state.Secrets.Heard(reply.Secrets));
        files.Write(new NodeIdentity(state.NodeId, state.NodeName, state.Secrets));
        TakeMap(reply.Map);
    }

    private void TakeMap(byte[]? signedMap)
    {
        // The serialiser writes an array that is not there as an empty one.
        if (signedMap is not { Length: > 0 })
        {
            return;
        }

        var map = MapFormat.Parse(signedMap, state.Secrets.MapKey);
        if (map.Version > (state.Map.Current?.Version ?? 0))
        {
            files.WriteMap(signedMap);
            state.Map.Offer(map);
            log.MapTaken(map.Version);
        }
    }
}
