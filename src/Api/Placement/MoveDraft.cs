using FileSharing.Cluster.Map;

namespace FileSharing.Api.Placement;

/// <summary>Table and moves of the next map while they are made: first those under way are looked at, then others begin.</summary>
/// <param name="version">Of the next map.</param>
/// <param name="volumes">Of the next map.</param>
/// <param name="table">The present one, over these volumes.</param>
/// <param name="view">What is known.</param>
internal sealed class MoveDraft(long version, IReadOnlyList<MapVolume> volumes, PartitionTable table, DriverView view)
{
    private readonly PartitionTable? target = view.Target?.Over(volumes);
    private readonly HashSet<Guid> lost =
    [
        .. (view.Target?.Members ?? []).Where(m => m.IsLost).Select(m => m.VolumeId),
    ];
    private readonly List<ReplicaMove> moves = [];

    /// <summary>Partitions that have a move in the present map: another one begins in a later map at the earliest.</summary>
    private readonly HashSet<int> moving = [];

    public PartitionTable Table { get; private set; } = table;

    public IReadOnlyList<ReplicaMove> Moves => moves;

    public bool HasChanged { get; private set; }

    /// <summary>Brings each move into its next state where what it waits for has come.</summary>
    public void Advance(IEnumerable<ReplicaMove> present)
    {
        var arrived = new List<(int, int, ushort)>();
        foreach (var move in present)
        {
            moving.Add(move.Partition);
            var next = move.State == MoveState.Copying ? AfterCopying(move) : AfterLeaving(move);
            HasChanged |= next != move;
            if (next is { } kept)
            {
                moves.Add(kept);
            }

            if (move.State == MoveState.Copying && next?.State == MoveState.Leaving)
            {
                arrived.Add((move.Partition, move.Slot, move.To));
            }
        }

        Table = Table.With(arrived);
    }

    /// <summary>Lets as many moves begin as may be under way, those of partitions with the fewest live copies first.</summary>
    public void Begin()
    {
        if (target is null)
        {
            return;
        }

        var room = view.MovesMax - moves.Count(move => !volumes[move.To].IsDown && !OnlyWaits(move));
        var turned = new List<(int, int, ushort)>();
        var candidates = new List<(int LiveCopies, uint Order, ReplicaMove Move)>();
        for (var partition = 0; partition < PartitionTable.Partitions; partition++)
        {
            var present = Table.OwnersOf(partition);
            var wanted = target.OwnersOf(partition);
            if (moving.Contains(partition) || present.SequenceEqual(wanted) || wanted.Contains(PartitionTable.None))
            {
                continue;
            }

            if (IsSameSet(present, wanted))
            {
                // The owners are there; only who is asked first differs.
                for (var slot = 0; slot < wanted.Length; slot++)
                {
                    turned.Add((partition, slot, wanted[slot]));
                }
            }
            else if (room > 0 && FirstMove(partition, present, wanted) is { } move)
            {
                candidates.Add((LiveCopiesOf(present), Spread(partition), move));
            }
        }

        var begun = candidates
            .OrderBy(c => (c.LiveCopies, c.Order))
            .Take(Math.Max(0, room))
            .Select(c => c.Move)
            .ToList();
        HasChanged |= turned.Count + begun.Count > 0;
        Table = Table.With(turned);
        moves.AddRange(begun);
    }

    /// <returns>Null when the move is taken back: the layout wants its target there no more, or wants the old owner to stay.</returns>
    private ReplicaMove? AfterCopying(ReplicaMove move)
    {
        if (target is not null)
        {
            var wanted = target.OwnersOf(move.Partition);
            if (!wanted.Contains(move.To) || wanted.Contains(move.From))
            {
                return null;
            }
        }

        return HoldsAll(move) ? move with { State = MoveState.Leaving, Since = version } : move;
    }

    /// <summary>
    /// The new volume has everything that the owners hold which are not cut off: without the word of one of them it knows nothing. Unless an administrator has given all of them
    /// up: then there is nobody to hear, and the partition begins anew.
    /// </summary>
    private bool HoldsAll(ReplicaMove move) => HoldsAllOf(move, owner => !view.IsCutOff(owner.VolumeId));

    /// <summary>
    /// It has brought what can be had now: it waits for the floor, or for an owner that is down and not cut off yet. Without room for others meanwhile, a disk that is
    /// lost would hold up its own repair until it is cut off.
    /// </summary>
    private bool OnlyWaits(ReplicaMove move) =>
        move.State == MoveState.Leaving || HoldsAllOf(move, owner => !owner.IsDown);

    private bool HoldsAllOf(ReplicaMove move, Func<MapVolume, bool> isAsked)
    {
        if (view.IsCutOff(volumes[move.To].VolumeId))
        {
            return false;
        }

        var heard = 0;
        var areAllLost = true;
        foreach (var owner in Table.OwnersOf(move.Partition))
        {
            areAllLost &= lost.Contains(volumes[owner].VolumeId) && view.IsCutOff(volumes[owner].VolumeId);
            if (isAsked(volumes[owner]))
            {
                if (!HoldsAllOf(move, owner))
                {
                    return false;
                }

                heard++;
            }
        }

        return heard > 0 || areAllLost;
    }

    /// <summary>
    /// The new volume is an owner already, and two of the owners have whatever was acknowledged. When it is lost before it could look once more, nothing is gained by waiting for it, and
    /// the partition would wait for another owner as long: the old volume keeps its records as strays until all owners have them.
    /// </summary>
    /// <returns>Null when the old volume is asked for nothing any more.</returns>
    private ReplicaMove? AfterLeaving(ReplicaMove move) =>
        view.IsCutOff(volumes[move.From].VolumeId)
        || view.IsCutOff(volumes[move.To].VolumeId)
        || HoldsAllOf(move, move.From)
            ? null
            : move;

    private bool HoldsAllOf(ReplicaMove move, ushort source) =>
        view.HoldsAllOf(move.Partition, volumes[move.To].VolumeId, volumes[source].VolumeId, move.Since);

    /// <summary>
    /// A move of this partition towards the target that leaves its owners on three nodes: a volume that is to come takes the place of the one on its own node,
    /// where there is one, else of one whose node no other is to come to.
    /// </summary>
    private ReplicaMove? FirstMove(int partition, ReadOnlySpan<ushort> present, ReadOnlySpan<ushort> wanted)
    {
        ReplicaMove? best = null;
        for (var slot = 0; slot < wanted.Length; slot++)
        {
            var to = wanted[slot];
            if (present.Contains(to) || volumes[to].IsDown || PlaceFor(to, slot, present, wanted) is not { } place)
            {
                continue;
            }

            var move = new ReplicaMove(partition, place, present[place], to, MoveState.Copying, version);
            if (best is null || (volumes[move.From].IsDown && !volumes[best.Value.From].IsDown))
            {
                best = move;
            }
        }

        return best;
    }

    private int? PlaceFor(ushort to, int slot, ReadOnlySpan<ushort> present, ReadOnlySpan<ushort> wanted)
    {
        int? best = null;
        for (var place = 0; place < present.Length; place++)
        {
            if (wanted.Contains(present[place]))
            {
                continue;
            }

            if (NodeOf(present[place]) == NodeOf(to))
            {
                return place;
            }

            if (!ComesToNodeOf(present[place], present, wanted) && (best is null || place == slot))
            {
                best = place;
            }
        }

        return best;
    }

    private bool ComesToNodeOf(ushort leaving, ReadOnlySpan<ushort> present, ReadOnlySpan<ushort> wanted)
    {
        foreach (var coming in wanted)
        {
            if (!present.Contains(coming) && NodeOf(coming) == NodeOf(leaving))
            {
                return true;
            }
        }

        return false;
    }

    private Guid NodeOf(ushort volume) => volumes[volume].NodeId;

    private int LiveCopiesOf(ReadOnlySpan<ushort> owners)
    {
        var live = 0;
        foreach (var owner in owners)
        {
            live += volumes[owner].IsDown ? 0 : 1;
        }

        return live;
    }

    private static bool IsSameSet(ReadOnlySpan<ushort> one, ReadOnlySpan<ushort> other)
    {
        foreach (var owner in one)
        {
            if (!other.Contains(owner))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>An order in which neighbours are far apart, so that the work of a moment is spread over the volumes.</summary>
    private static uint Spread(int partition) => (uint)partition * 2_654_435_761;
}
