using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Wire;

namespace FileSharing.Cluster.Transport;

/// <summary>
/// How records reach another node. Two implementations: over HTTP, and by direct call between the nodes of one process. Neither throws for a peer
/// that is away: that is an outcome.
/// </summary>
public interface IChunkTransport
{
    /// <summary>Hands over one record. Returns when it is on the peer's stable storage, or will not be.</summary>
    /// <param name="record">Held by the call until it returns.</param>
    ValueTask<RecordStatus> PutAsync(PutRecord put, RecordLease record, CancellationToken cancellationToken);

    /// <summary>Tells an owner that all owners have these: its owed marks may go. Best effort; a mark that stays is cleared later.</summary>
    ValueTask SettleAsync(
        MapVolume target,
        long mapVersion,
        IReadOnlyList<ChunkId> ids,
        CancellationToken cancellationToken
    );

    /// <summary>Reads one record, checked against its own checksum by the node that sends it.</summary>
    /// <param name="answered">Called when the peer begins to answer, on any thread; may be left out where the whole answer comes at once.</param>
    ValueTask<FetchResult> GetAsync(MapVolume target, ChunkId id, Action answered, CancellationToken cancellationToken);

    /// <summary>Which of these the volume's index has; null when it could not be asked.</summary>
    ValueTask<IReadOnlyList<bool>?> HasAsync(
        MapVolume target,
        IReadOnlyList<ChunkId> ids,
        CancellationToken cancellationToken
    );
}

/// <summary>Where a record goes, and with which marks.</summary>
/// <param name="Owed">The third copy is not confirmed yet.</param>
public readonly record struct PutRecord(MapVolume Target, long MapVersion, uint Epoch, bool Owed);

public enum FetchOutcome
{
    Found,
    Absent,
    Damaged,
    Unreachable,
}

/// <summary>A record from another node; the caller disposes the lease.</summary>
public readonly record struct FetchResult(FetchOutcome Outcome, RecordLease? Record = null);
