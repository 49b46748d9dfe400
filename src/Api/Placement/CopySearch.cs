using System.Collections.Concurrent;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using Microsoft.Extensions.Logging;

namespace FileSharing.Api.Placement;

/// <summary>What volumes answered.</summary>
/// <param name="Copies">By id, how many of the volumes that were asked for it hold it; those that none holds are left out.</param>
/// <param name="Unanswered">Volumes that could not be asked.</param>
internal sealed record FoundCopies(IReadOnlyDictionary<ChunkId, int> Copies, IReadOnlySet<Guid> Unanswered);

/// <summary>Asks volumes which records they hold, by their indexes. A volume that cannot be asked has no copy.</summary>
internal sealed class CopySearch(NodeClient nodes, NodeWatch watch, ILogger<CopySearch> log)
{
    /// <param name="questions">At most <see cref="FileSharing.Cluster.Wire.AdoptRequest.IdsMax"/> of one volume.</param>
    public async Task<FoundCopies> AskAsync(IEnumerable<(MapVolume Volume, ChunkId Id)> questions, CancellationToken ct)
    {
        var copies = new ConcurrentDictionary<ChunkId, int>();
        var unanswered = new ConcurrentBag<Guid>();
        await Task.WhenAll(
            questions
                .GroupBy(q => q.Volume, q => q.Id)
                .Select(async q =>
                {
                    if (!await AskVolumeAsync(q.Key, [.. q], copies, ct))
                    {
                        unanswered.Add(q.Key.VolumeId);
                    }
                })
        );
        return new FoundCopies(copies, unanswered.ToHashSet());
    }

    private async Task<bool> AskVolumeAsync(
        MapVolume volume,
        List<ChunkId> ids,
        ConcurrentDictionary<ChunkId, int> copies,
        CancellationToken ct
    )
    {
        if (!watch.IsReachable(volume.NodeId))
        {
            return false;
        }

        try
        {
            var has = await nodes.HasAsync(volume, ids, ct);
            for (var i = 0; i < ids.Count; i++)
            {
                if (has[i])
                {
                    copies.AddOrUpdate(ids[i], 1, (_, n) => n + 1);
                }
            }

            return true;
        }
        catch (Exception e) when (NodeCalls.IsFailure(e, ct))
        {
            log.NodeCallFailed("has", e.Message);
            return false;
        }
    }
}
