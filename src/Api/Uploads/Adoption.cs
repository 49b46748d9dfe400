using System.Collections.Concurrent;
using System.Collections.Immutable;
using FileSharing.Api.Placement;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.Metadata;
using Microsoft.Extensions.Logging;

namespace FileSharing.Api.Uploads;

/// <summary>
/// Finds out which chunks of an upload need not be sent. Two things must hold: the user is entitled to skip the chunk, and two owners hold it and have stamped it with
/// the session's epoch. The owners are asked about entitled chunks only, so for all others "exists" and "absent" take the same way.
/// </summary>
internal sealed class Adoption(
    ChunkProofs proofs,
    ClusterState state,
    GuardedVolumeCalls nodes,
    NodeWatch watch,
    ILogger<Adoption> log
)
{
    /// <param name="entitled">Of the session's chunks, as <see cref="ChunkProofs.EntitledAsync"/> said.</param>
    /// <returns>The chunks that the session now has; it says so in the database too.</returns>
    public async Task<HashSet<ListedChunk>> AdoptAsync(
        UploadSession session,
        IReadOnlyCollection<ListedChunk> entitled,
        CancellationToken ct
    )
    {
        if (entitled.Count == 0)
        {
            return [];
        }

        var votes = new ConcurrentDictionary<ChunkId, ImmutableList<MapVolume>>();
        var map = state.Map.Required;
        var questions = entitled
            .Select(c => c.Id)
            .Distinct()
            .SelectMany(id => map.ReplicasOf(id).Targets.Select(volume => (volume, id)))
            .Where(q => watch.IsReachable(q.volume.NodeId))
            .GroupBy(q => q.volume, q => q.id)
            .SelectMany(g => g.Chunk(AdoptRequest.IdsMax).Select(ids => (volume: g.Key, ids)));
        await Task.WhenAll(questions.Select(q => AskAsync(q.volume, (uint)session.Epoch, q.ids, votes, ct)));
        var adopted = entitled
            .Where(c => votes.TryGetValue(c.Id, out var have) && map.ReplicasOf(c.Id).Suffice(have.Contains))
            .ToHashSet();
        await proofs.MarkHaveAsync(session, adopted, ct);
        return adopted;
    }

    private async Task AskAsync(
        MapVolume volume,
        uint epoch,
        ChunkId[] ids,
        ConcurrentDictionary<ChunkId, ImmutableList<MapVolume>> votes,
        CancellationToken ct
    )
    {
        try
        {
            var have = await nodes.AdoptAsync(volume, epoch, ids, ct);
            for (var i = 0; i < ids.Length; i++)
            {
                if (have[i])
                {
                    votes.AddOrUpdate(ids[i], [volume], (_, others) => others.Add(volume));
                }
            }
        }
        catch (Exception e) when (NodeCalls.IsFailure(e, ct))
        {
            // An owner that does not answer has no vote: the client sends the chunk.
            log.NodeCallFailed("adopt", e.Message);
        }
    }
}
