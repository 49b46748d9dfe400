using FileSharing.Cluster.Map;
using FileSharing.Cluster.Wire;

namespace FileSharing.StorageNode.Repair;

/// <summary>Which moves to a volume have still to be compared, with which others. One thread.</summary>
/// <param name="time">Says when a source that failed is asked again.</param>
/// <param name="rest">How long it is left alone.</param>
internal sealed class MovesToHere(TimeProvider time, TimeSpan rest)
{
    /// <summary>Moves given out at once for one source: those of one question for digests.</summary>
    private const int BatchMax = DigestRequest.RangesMax;

    private readonly Dictionary<int, Progress> progress = [];
    private readonly HashSet<int> underWay = [];
    private readonly Dictionary<Guid, long> failedAt = [];
    private readonly HashSet<Guid> busy = [];

    // Each move that is due and not under way, with one source; made anew when it may have become another, and not for each batch: there may be 16,384 of them.
    private Dictionary<Guid, Plan> plans = [];
    private ClusterMap? plannedBy;
    private long plannedAt;
    private bool isOutdated;
    private int turn;

    /// <summary>
    /// Moves to compare now, a batch for each source that has none under way; those of partitions with the fewest owners that are up come first, those that could not be
    /// brought last. A partition is under way with one source at a time, so that nothing is fetched twice, and with another one at the next turn.
    /// </summary>
    /// <param name="floor">The present one: what was found whole before it counted is compared again when it does.</param>
    public IReadOnlyList<MoveBatch> Take(ClusterMap map, Guid volumeId, long floor)
    {
        if (map != plannedBy || floor != plannedAt || (isOutdated && IsAnyIdle()))
        {
            PlanAnew(map, volumeId, floor);
        }

        var batches = new List<MoveBatch>();
        foreach (var plan in plans.Values.Where(plan => plan.Moves.Count > 0 && IsFree(plan.Source.VolumeId)))
        {
            var moves = new List<ReplicaMove>(Math.Min(BatchMax, plan.Moves.Count));
            while (moves.Count < BatchMax && plan.Moves.TryDequeue(out var move))
            {
                moves.Add(move);
                underWay.Add(move.Partition);
            }

            busy.Add(plan.Source.VolumeId);
            batches.Add(new MoveBatch(plan.Source, floor, moves));
        }

        return batches;
    }

    /// <summary>The batch is over, and these comparisons have been reported.</summary>
    public void Reported(MoveBatch batch, IReadOnlyList<Compared> compared)
    {
        var source = batch.Source.VolumeId;
        busy.Remove(source);
        isOutdated = true;
        var known = compared.ToDictionary(partition => partition.Partition, partition => partition.Lacking);
        foreach (var move in batch.Moves)
        {
            underWay.Remove(move.Partition);
            if (
                known.TryGetValue(move.Partition, out var lacking)
                && progress.TryGetValue(move.Partition, out var of)
                && of.Move == move
            )
            {
                if (lacking > 0)
                {
                    of.LackingAt = turn;
                }
                else
                {
                    (batch.Floor >= move.Since ? of.Settled : of.Early).Add(source);
                }
            }
        }

        if (batch.Moves.Any(move => !known.TryGetValue(move.Partition, out var left) || left > 0))
        {
            failedAt[source] = time.GetTimestamp();
        }
    }

    /// <summary>A source could begin, and there is nothing left of what was planned for it.</summary>
    private bool IsAnyIdle() => plans.Values.Any(plan => plan.Moves.Count == 0 && IsFree(plan.Source.VolumeId));

    private bool IsFree(Guid source) => !busy.Contains(source) && !IsResting(source);

    private bool IsResting(Guid source) => failedAt.TryGetValue(source, out var at) && time.GetElapsedTime(at) < rest;

    private void PlanAnew(ClusterMap map, Guid volumeId, long floor)
    {
        turn++;
        if (map != plannedBy)
        {
            Follow(map, volumeId);
        }

        (plannedBy, plannedAt, isOutdated) = (map, floor, false);
        plans = [];
        var due = progress
            .Values.Where(one => !underWay.Contains(one.Move.Partition))
            .OrderBy(one => one.LackingAt)
            .ThenBy(one => map.ReplicasOf(one.Move.Partition).Owners.Count(owner => !owner.IsDown));
        foreach (var one in due)
        {
            PlanOne(map, volumeId, floor, one);
        }
    }

    private void PlanOne(ClusterMap map, Guid volumeId, long floor, Progress one)
    {
        var free = new List<MapVolume>(PartitionTable.Replicas);
        foreach (var source in SourcesOf(map, one.Move, volumeId))
        {
            if (!one.IsDue(source.VolumeId, floor))
            {
                continue;
            }

            plans.TryAdd(source.VolumeId, new Plan(source));
            if (IsFree(source.VolumeId))
            {
                free.Add(source);
            }
            else
            {
                // When it is free again there is this to do.
                isOutdated = true;
            }
        }

        if (free.Count > 0)
        {
            var source = free[(int)((uint)(one.Move.Partition + turn) % (uint)free.Count)];
            plans[source.VolumeId].Moves.Enqueue(one.Move);
        }
    }

    /// <summary>What is known of moves that are the same in this map stays known.</summary>
    private void Follow(ClusterMap map, Guid volumeId)
    {
        var here = new Dictionary<int, ReplicaMove>();
        foreach (var move in map.Moves)
        {
            if (map.Volumes[move.To].VolumeId == volumeId)
            {
                here.Add(move.Partition, move);
            }
        }

        foreach (var gone in progress.Keys.Where(partition => !here.ContainsKey(partition)).ToList())
        {
            progress.Remove(gone);
        }

        foreach (var move in here.Values)
        {
            if (!progress.TryGetValue(move.Partition, out var known) || known.Move != move)
            {
                progress[move.Partition] = new Progress(move);
            }
        }
    }

    private static IEnumerable<MapVolume> SourcesOf(ClusterMap map, ReplicaMove move, Guid volumeId) =>
        move.State == MoveState.Leaving
            ? [map.Volumes[move.From]]
            : map.ReplicasOf(move.Partition).Owners.Where(owner => owner.VolumeId != volumeId);

    /// <summary>What is to be compared with one source, in its order.</summary>
    private sealed record Plan(MapVolume Source)
    {
        public Queue<ReplicaMove> Moves { get; } = new();
    }

    /// <summary>How far one move is.</summary>
    private sealed class Progress(ReplicaMove move)
    {
        public ReplicaMove Move { get; } = move;

        /// <summary>Sources with which it was whole: it needs no second look until the map says something new of it.</summary>
        public List<Guid> Settled { get; } = [];

        /// <summary>The same, at a floor that does not count for the move yet.</summary>
        public List<Guid> Early { get; } = [];

        /// <summary>The turn in which something was still lacking, 0 for none: what no source can give now must not stand before what can be had.</summary>
        public int LackingAt { get; set; }

        public bool IsDue(Guid source, long floor) =>
            !Settled.Contains(source) && (floor >= Move.Since || !Early.Contains(source));
    }
}

/// <summary>Moves whose partitions are compared with one source.</summary>
/// <param name="Floor">At which the comparison begins: a move is done with only from the floor of its own map on.</param>
internal sealed record MoveBatch(MapVolume Source, long Floor, IReadOnlyList<ReplicaMove> Moves);
