namespace FileSharing.Cluster.Map;

/// <summary>The newest cluster map that this process knows. It only ever moves to a higher version. Thread-safe.</summary>
public sealed class MapHolder
{
    private readonly Lock gate = new();
    private volatile ClusterMap? current;
    private long highestSeen;

    /// <summary>Null until the cluster has formed.</summary>
    public ClusterMap? Current => current;

    /// <exception cref="ClusterFormingException">There is no map yet.</exception>
    public ClusterMap Required => current ?? throw new ClusterFormingException();

    /// <summary>A peer spoke of a version that this process does not have: fetch the map.</summary>
    public bool IsBehind => Interlocked.Read(ref highestSeen) > (current?.Version ?? 0);

    /// <summary>Raised after <see cref="Current"/> changed.</summary>
    public event Action<ClusterMap>? Changed;

    /// <summary>Takes the map if it is newer.</summary>
    /// <returns>False when it is not.</returns>
    public bool Offer(ClusterMap map)
    {
        ArgumentNullException.ThrowIfNull(map);
        lock (gate)
        {
            if (map.Version <= (current?.Version ?? 0))
            {
                return false;
            }

            current = map;
        }

        Changed?.Invoke(map);
        return true;
    }

    /// <summary>Notes the version that came with a request or reply.</summary>
    public void Saw(long version)
    {
        var seen = Interlocked.Read(ref highestSeen);
        while (version > seen)
        {
            var before = Interlocked.CompareExchange(ref highestSeen, version, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }
}

/// <summary>Fewer nodes have registered than the first cluster map needs.</summary>
public sealed class ClusterFormingException()
    : InvalidOperationException("The cluster has no map yet: not enough storage nodes have registered.");
