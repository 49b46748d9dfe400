using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;

namespace FileSharing.Cluster;

/// <summary>Why fewer than two owners have a record durably. Nothing was acknowledged; what one owner kept is harmless.</summary>
public enum ReplicaWriteError
{
    /// <summary>Owners are away, or wait for the data key of the record. Try again, or another node.</summary>
    NotEnoughOwners,

    /// <summary>Owners are full. Free space or add a node.</summary>
    VolumeFull,

    /// <summary>Owners have no memory or queue room at the moment. Try again.</summary>
    Overloaded,

    /// <summary>An owner refused the record itself: damage in memory.</summary>
    Refused,
}

/// <inheritdoc cref="ReplicaWriteError"/>
public sealed class ReplicaWriteException(ReplicaWriteError error, string message) : IOException(message)
{
    public ReplicaWriteError Error { get; } = error;
}

/// <summary>
/// Puts one record on its three owners and returns when two have it on stable storage (I1): never before, and no later than that. While a replica
/// of the partition moves, two of the present and two of the future owners must have it (I6). The third goes on in the background; when it is confirmed all owed marks are settled, when not they stay and the delivery daemon takes over.
/// </summary>
public sealed class ReplicaWriter(
    MapHolder map,
    IChunkTransport transport,
    SettleQueue settlements,
    Func<CancellationToken, Task> refreshMap
)
{
    /// <summary>Bytes of records whose third copy may still be on its way; beyond, the slowest is cut off and served from its owed mark.</summary>
    public const long BackgroundBytesMax = 32L << 20;

    private long backgroundBytes;

    /// <param name="record">Held by the call, and by the third copy after it; the caller disposes its own hold.</param>
    /// <returns>True when it was new to an owner, false when all that answered had it.</returns>
    /// <exception cref="ReplicaWriteException">Fewer than two durable copies.</exception>
    /// <exception cref="ClusterFormingException">No map yet.</exception>
    public async Task<bool> WriteAsync(ChunkId id, RecordLease record, uint epoch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(record);
        var round = await TryWriteAsync(map.Required, id, record, epoch, cancellationToken);
        if (round.IsStale)
        {
            await refreshMap(cancellationToken);
            round = await TryWriteAsync(map.Required, id, record, epoch, cancellationToken);
        }

        return round.IsEnough ? round.WasNew : throw round.ToException();
    }

    private async Task<Round> TryWriteAsync(
        ClusterMap at,
        ChunkId id,
        RecordLease record,
        uint epoch,
        CancellationToken cancellationToken
    )
    {
        var replicas = at.ReplicasOf(id);
        var cutOff = new CancellationTokenSource();
        var pending = new List<Task<(MapVolume, RecordStatus)>>(replicas.Targets.Count);
        foreach (var target in replicas.Targets)
        {
            pending.Add(PutAsync(new PutRecord(target, at.Version, epoch, Owed: true), record, cutOff.Token));
        }

        var round = new Round(replicas);
        await using (cancellationToken.Register(static state => ((CancellationTokenSource)state!).Cancel(), cutOff))
        {
            while (pending.Count > 0 && !round.IsEnough)
            {
                var done = await Task.WhenAny(pending);
                pending.Remove(done);
                round.Add(await done);
            }
        }

        if (pending.Count == 0)
        {
            cutOff.Dispose();
            SettleIfComplete(at, id, round);
            cancellationToken.ThrowIfCancellationRequested();
        }
        else
        {
            _ = FinishInBackgroundAsync(at, id, record.Retain(), round.Copy(), pending, cutOff);
        }

        return round;
    }

    /// <summary>The third copy. Nobody waits for it; what it costs is bounded.</summary>
    private async Task FinishInBackgroundAsync(
        ClusterMap at,
        ChunkId id,
        RecordLease record,
        Round round,
        List<Task<(MapVolume, RecordStatus)>> pending,
        CancellationTokenSource cutOff
    )
    {
        var bytes = record.Record.Length;
        using (record)
        using (cutOff)
        {
            if (Interlocked.Add(ref backgroundBytes, bytes) > BackgroundBytesMax)
            {
                await cutOff.CancelAsync();
            }

            foreach (var answer in await Task.WhenAll(pending))
            {
                round.Add(answer);
            }

            Interlocked.Add(ref backgroundBytes, -bytes);
        }

        SettleIfComplete(at, id, round);
    }

    private async Task<(MapVolume, RecordStatus)> PutAsync(
        PutRecord put,
        RecordLease record,
        CancellationToken cancellationToken
    ) => (put.Target, await transport.PutAsync(put, record, cancellationToken));

    private void SettleIfComplete(ClusterMap at, ChunkId id, Round round)
    {
        if (round.IsComplete)
        {
            settlements.Add(at, id);
        }
    }

    /// <summary>What the targets answered.</summary>
    private sealed class Round(ReplicaSet replicas)
    {
        private readonly List<RecordStatus> statuses = new(PartitionTable.Replicas);
        private readonly List<MapVolume> durable = new(PartitionTable.Replicas);

        /// <summary>It may be acknowledged.</summary>
        public bool IsEnough => replicas.Suffice(durable.Contains);

        /// <summary>Nobody is owed it.</summary>
        public bool IsComplete => replicas.Holders.All(durable.Contains);

        public bool WasNew => statuses.Exists(status => status is RecordStatus.Stored or RecordStatus.Healed);

        public bool IsStale =>
            !IsEnough && statuses.Exists(status => status is RecordStatus.StaleMap or RecordStatus.NotAnOwner);

        public void Add((MapVolume Target, RecordStatus Status) answer)
        {
            statuses.Add(answer.Status);
            if (answer.Status.IsDurable())
            {
                durable.Add(answer.Target);
            }
        }

        public Round Copy()
        {
            var copy = new Round(replicas);
            copy.statuses.AddRange(statuses);
            copy.durable.AddRange(durable);
            return copy;
        }

        public ReplicaWriteException ToException()
        {
            if (statuses.Contains(RecordStatus.VolumeFull))
            {
                return new ReplicaWriteException(
                    ReplicaWriteError.VolumeFull,
                    "The volumes that own this chunk are full. Free space or add a node."
                );
            }

            if (statuses.Contains(RecordStatus.Overloaded))
            {
                return new ReplicaWriteException(
                    ReplicaWriteError.Overloaded,
                    "The owners of this chunk are busy. Try again in a moment."
                );
            }

            if (statuses.Contains(RecordStatus.CutOff))
            {
                return new ReplicaWriteException(
                    ReplicaWriteError.NotEnoughOwners,
                    "The owners of this chunk take no records, because they have not heard from the API for too long. Start it, or mend the network."
                );
            }

            if (statuses.Contains(RecordStatus.BadRecord))
            {
                return new ReplicaWriteException(
                    ReplicaWriteError.Refused,
                    "An owner refused the record. See the log of the storage nodes."
                );
            }

            return new ReplicaWriteException(
                ReplicaWriteError.NotEnoughOwners,
                $"{durable.Count} of the owners of this chunk could store it, {ReplicaSet.DurableCopies} must. Try again when more storage nodes are up."
            );
        }
    }
}
