using System.Collections.Concurrent;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;

namespace FileSharing.Cluster.Reading;

/// <summary>
/// Which owner is asked first, and how long it has: those that can be called and have not failed lately, the quick before the slow, those in this node's zone before
/// others that are about as quick, else as the map lists them (so that a chunk is cached on one owner and not on three).
/// </summary>
internal sealed class OwnerOrder(PeerHealth health, Guid nodeId, TimeProvider time)
{
    /// <summary>Before enough reads were seen, the second owner is asked after this time.</summary>
    public static readonly TimeSpan HedgeDelayDefault = TimeSpan.FromMilliseconds(50);

    /// <summary>Below this a second question costs more than the wait.</summary>
    public static readonly TimeSpan HedgeDelayMin = TimeSpan.FromMilliseconds(5);

    /// <summary>Nobody waits longer than this for a peer that does not answer.</summary>
    public static readonly TimeSpan HedgeDelayMax = TimeSpan.FromSeconds(1);

    /// <summary>Everything below is equally quick; above, what lies within the same power of two.</summary>
    private static readonly TimeSpan QuickMax = TimeSpan.FromMilliseconds(8);

    private readonly ConcurrentDictionary<Guid, PeerLatency> latencies = new();

    /// <summary>Who may have a record, the first to ask first.</summary>
    public List<MapVolume> Sort(ClusterMap map, ChunkId id, Func<MapVolume, bool> except)
    {
        var zone = map.FindNode(nodeId)?.Zone;
        return
        [
            .. map.ReplicasOf(id)
                .Readers.Where(owner => !except(owner))
                .OrderBy(owner => health.MayCall(owner.NodeId) ? 0 : 1)
                .ThenBy(owner => health.HasFailedLately(owner.NodeId) ? 1 : 0)
                .ThenBy(owner => SlownessOf(Of(owner).Expected))
                .ThenBy(owner => map.NodeOf(owner).Zone == zone ? 0 : 1),
        ];
    }

    /// <summary>What the quickest of these peers nearly always stays below: who takes longer is worth a second question, to that one.</summary>
    public TimeSpan HedgeDelay(IEnumerable<MapVolume> owners)
    {
        var quickest = owners.Min(owner => Of(owner).P95) ?? HedgeDelayDefault;
        return TimeSpan.FromTicks(Math.Clamp(quickest.Ticks, HedgeDelayMin.Ticks, HedgeDelayMax.Ticks));
    }

    public PeerLatency Of(MapVolume owner) => latencies.GetOrAdd(owner.NodeId, _ => new PeerLatency(time));

    private static int SlownessOf(TimeSpan expected) =>
        expected <= QuickMax ? 0 : (int)Math.Ceiling(Math.Log2(expected / QuickMax));
}
