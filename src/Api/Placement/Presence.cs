using FileSharing.Metadata;

namespace FileSharing.Api.Placement;

/// <summary>How long the newest heartbeat of something has been seen unchanged.</summary>
/// <param name="For">As this process has watched it: never longer than it was.</param>
/// <param name="IsHeard">A heartbeat came since this process began to watch, or began anew.</param>
internal readonly record struct Silence(TimeSpan For, bool IsHeard);

/// <summary>
/// Watches heartbeats as they change in the database, and counts their age by this process's own clock: no clock is compared with another. Time in which
/// this process did not look, or could not, does not count; so an age is never higher than it is. Not thread-safe.
/// </summary>
/// <param name="downAfter">Silence after which a volume counts as down; not having looked for as long makes this process begin anew.</param>
/// <param name="time">For ages only.</param>
internal sealed class Presence(TimeSpan downAfter, TimeProvider time)
{
    /// <summary>Of the time between two looks, this much counts at most.</summary>
    private static readonly TimeSpan StepMax = TimeSpan.FromSeconds(2);

    private readonly Dictionary<Guid, Watched> nodes = [];
    private readonly Dictionary<Guid, Watched> volumes = [];
    private long? lastLook;

    /// <summary>Every node is silent: more likely it is this side that hears nobody.</summary>
    public bool IsDeaf { get; private set; }

    /// <summary>Takes what the database says now.</summary>
    public void Look(Beats beats)
    {
        var now = time.GetTimestamp();
        var gap = lastLook is { } before ? time.GetElapsedTime(before, now) : TimeSpan.MaxValue;
        lastLook = now;
        var wasDeaf = IsDeaf;
        var step = gap > downAfter ? TimeSpan.Zero : TimeSpan.FromTicks(Math.Min(gap.Ticks, StepMax.Ticks));
        if (gap > downAfter)
        {
            BeginAnew();
        }

        foreach (var node in beats.Nodes)
        {
            Note(nodes, node.NodeId, node.SeenAt, step);
        }

        foreach (var volume in beats.Volumes)
        {
            Note(volumes, volume.VolumeId, volume.SeenAt, step);
        }

        IsDeaf = beats.Nodes.Count > 0 && beats.Nodes.All(node => OfNode(node.NodeId).For >= downAfter);
        if (wasDeaf && !IsDeaf)
        {
            // They come back one by one: each gets its time.
            BeginAnew();
        }
    }

    public Silence OfNode(Guid nodeId) => Of(nodes, nodeId);

    /// <summary>A volume is heard of with the heartbeats of its node in which it is open.</summary>
    public Silence OfVolume(Guid volumeId) => Of(volumes, volumeId);

    /// <summary>
    /// Nobody need wait for this volume. Either it was silent for so long that its node has stopped taking records by itself; or the node is heard of, without this volume: then
    /// the node has the newest map, and takes no record on what it has not open.
    /// </summary>
    public bool IsGone(Guid volumeId, Guid nodeId, TimeSpan patience)
    {
        var silence = OfVolume(volumeId).For;
        var node = OfNode(nodeId);
        return silence >= patience || (silence >= 2 * downAfter && node.IsHeard && node.For < downAfter);
    }

    private void BeginAnew()
    {
        foreach (var watched in nodes.Values.Concat(volumes.Values))
        {
            (watched.Silent, watched.IsHeard) = (TimeSpan.Zero, false);
        }
    }

    private static void Note(Dictionary<Guid, Watched> all, Guid id, DateTime? seenAt, TimeSpan step)
    {
        if (!all.TryGetValue(id, out var watched))
        {
            all.Add(id, new Watched { SeenAt = seenAt });
        }
        else if (watched.SeenAt != seenAt)
        {
            (watched.SeenAt, watched.Silent, watched.IsHeard) = (seenAt, TimeSpan.Zero, true);
        }
        else
        {
            watched.Silent += step;
        }
    }

    private static Silence Of(Dictionary<Guid, Watched> all, Guid id) =>
        all.TryGetValue(id, out var watched) ? new Silence(watched.Silent, watched.IsHeard) : default;

    private sealed class Watched
    {
        public DateTime? SeenAt { get; set; }
        public TimeSpan Silent { get; set; }
        public bool IsHeard { get; set; }
    }
}
