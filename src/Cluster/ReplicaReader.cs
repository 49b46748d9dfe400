using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;

namespace FileSharing.Cluster;

/// <summary>Every owner was asked and none has it.</summary>
public sealed class ChunkMissingException(ChunkId id)
    : IOException($"No owner has {id}. It was never stored, or all its copies are lost.");

/// <summary>No good copy could be read now; it may exist on an owner that could not be asked.</summary>
public sealed class ChunkUnavailableException(ChunkId id)
    : IOException($"No good copy of {id} can be read at the moment. Try again when more storage nodes are up.");

/// <summary>
/// Reads a record from the first owner that has a good copy. "Missing" needs a no from every owner: one that cannot be asked may be the
/// one that has it.
/// </summary>
public sealed class ReplicaReader(MapHolder map, IChunkTransport transport, PeerHealth health)
{
    /// <summary>The record, checked against its own checksum by the node that sent it and again by what decodes it. The caller disposes it.</summary>
    /// <param name="except">Volumes that the caller has tried itself.</param>
    /// <exception cref="ChunkMissingException">No owner has it (and the excepted ones did not either, as the caller knows).</exception>
    /// <exception cref="ChunkUnavailableException">An owner could not be asked, or its copy is damaged.</exception>
    public async ValueTask<RecordLease> ReadAsync(
        ChunkId id,
        Func<MapVolume, bool> except,
        CancellationToken cancellationToken
    )
    {
        var unavailable = false;
        var owners = map
            .Required.ReplicasOf(id)
            .Readers.Where(owner => !except(owner))
            .OrderBy(owner => health.MayCall(owner.NodeId) ? 0 : 1);
        foreach (var owner in owners)
        {
            var (outcome, record) = await transport.GetAsync(owner, id, cancellationToken);
            if (outcome == FetchOutcome.Found)
            {
                return record!;
            }

            unavailable |= outcome != FetchOutcome.Absent;
        }

        throw unavailable ? new ChunkUnavailableException(id) : new ChunkMissingException(id);
    }
}
