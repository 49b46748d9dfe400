namespace FileSharing.Cluster.Map;

/// <summary>
/// The volumes that have to do with one partition, and what each counts for: docs/cluster.md, sections 3 and 4. Immutable, shared by all partitions for
/// which it is the same.
/// </summary>
public sealed class ReplicaSet
{
    /// <summary>Copies that must be durable before a put is acknowledged.</summary>
    public const int DurableCopies = 2;

    private readonly MapVolume? leaving;
    private readonly int movingPlace;
    private readonly MapVolume[] hints;

    /// <param name="owners">The first to ask first: <see cref="ReadOrder"/>.</param>
    /// <param name="movingPlace">Which of them is on the move; -1 for none.</param>
    /// <param name="joining">While copying: who comes in its place.</param>
    /// <param name="leaving">While leaving: who had it before.</param>
    /// <param name="hints">By owner, the volume that takes its place while it is down; null for none.</param>
    internal ReplicaSet(
        MapVolume[] owners,
        int movingPlace,
        MapVolume? joining,
        MapVolume? leaving,
        IReadOnlyList<MapVolume?> hints
    )
    {
        Owners = owners;
        Joining = joining;
        this.leaving = leaving;
        this.movingPlace = movingPlace;
        this.hints = [.. hints.OfType<MapVolume>()];
        seats = [.. owners.Select((owner, i) => (owner, hints.Count > i ? hints[i] : null))];
        Holders = joining is null ? owners : [.. owners, joining];
        Targets = [.. seats.Select(seat => seat.Hint ?? seat.Owner), .. joining is null ? [] : new[] { joining }];
        Readers = [.. Holders, .. leaving is null ? [] : new[] { leaving }, .. this.hints];
    }

    private readonly (MapVolume Owner, MapVolume? Hint)[] seats;

    /// <summary>The three volumes of the table, the first to ask first: <see cref="ReadOrder"/>.</summary>
    public IReadOnlyList<MapVolume> Owners { get; }

    /// <summary>Becomes an owner when it holds everything; takes part in every put from the first moment. Null when there is none.</summary>
    public MapVolume? Joining { get; }

    /// <summary>Who must have a record for it to be owed to nobody: the owners, and who joins.</summary>
    public IReadOnlyList<MapVolume> Holders { get; }

    /// <summary>Where a put is sent: the holders, and hint volumes in the place of owners that are down.</summary>
    public IReadOnlyList<MapVolume> Targets { get; }

    /// <summary>Who may have a copy, the likeliest first. "Not found" needs a no from every one of them.</summary>
    public IReadOnlyList<MapVolume> Readers { get; }

    /// <summary>
    /// Whether a put may be acknowledged: two of the owners have it, and two of those who will be the owners, a hint standing for its owner. One of the two must be an owner itself: when
    /// the owners that were down are back, nobody asks their hints any more, and before these have handed over what they hold, all owners would say no.
    /// </summary>
    public bool Suffice(Func<MapVolume, bool> isDurable)
    {
        ArgumentNullException.ThrowIfNull(isDurable);
        var present = new Tally();
        var future = new Tally();
        for (var i = 0; i < seats.Length; i++)
        {
            var (owner, hint) = seats[i];
            var hasIt = isDurable(owner);
            var hintHasIt = hint is not null && isDurable(hint);
            present.Count(hasIt, hintHasIt);
            if (Joining is not null && i == movingPlace)
            {
                future.Count(isDurable(Joining), hintHasIt: false);
            }
            else
            {
                future.Count(hasIt, hintHasIt);
            }
        }

        return present.IsEnough && future.IsEnough;
    }

    /// <summary>Durable copies, on owners and on hints in their places.</summary>
    private struct Tally
    {
        private int copies;
        private int onOwners;

        public void Count(bool hasIt, bool hintHasIt)
        {
            copies += hasIt || hintHasIt ? 1 : 0;
            onOwners += hasIt ? 1 : 0;
        }

        public readonly bool IsEnough => copies >= DurableCopies && onOwners > 0;
    }

    /// <summary>Whether this volume takes puts of the partition.</summary>
    public bool Takes(Guid volumeId) => Contains(Holders, volumeId) || Contains(hints, volumeId);

    /// <summary>Whether a copy on this volume is where it belongs. A hint is not: it waits for its owner.</summary>
    public bool BelongsOn(Guid volumeId) => Contains(Holders, volumeId) || leaving?.VolumeId == volumeId;

    private static bool Contains(IReadOnlyList<MapVolume> volumes, Guid volumeId)
    {
        // By hand: asked for every record that comes in.
        for (var i = 0; i < volumes.Count; i++)
        {
            if (volumes[i].VolumeId == volumeId)
            {
                return true;
            }
        }

        return false;
    }
}
