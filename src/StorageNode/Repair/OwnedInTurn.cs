using FileSharing.Cluster.Map;

namespace FileSharing.StorageNode.Repair;

/// <summary>Goes through the partitions that a volume owns, once an interval for each of their other owners. One thread.</summary>
internal sealed class OwnedInTurn(TimeSpan interval, TimeProvider time)
{
    private readonly Queue<(Guid Source, int Partition)> waiting = new();
    private long? began;

    /// <summary>Partitions to compare with one source now.</summary>
    /// <returns>Null until the next turn begins.</returns>
    public (MapVolume Source, IReadOnlyList<int> Partitions)? Next(ClusterMap map, Guid volumeId, int max)
    {
        if (waiting.Count == 0 && (began is not { } last || time.GetElapsedTime(last) >= interval))
        {
            Fill(map, volumeId);
            began = time.GetTimestamp();
        }

        while (waiting.TryPeek(out var next))
        {
            var partitions = new List<int>();
            while (partitions.Count < max && waiting.TryPeek(out var same) && same.Source == next.Source)
            {
                waiting.Dequeue();
                // The map may have changed since the turn began.
                if (AreOwners(map, same.Partition, volumeId, same.Source))
                {
                    partitions.Add(same.Partition);
                }
            }

            if (partitions.Count > 0)
            {
                return (map.Volumes.First(volume => volume.VolumeId == next.Source), partitions);
            }
        }

        return null;
    }

    private void Fill(ClusterMap map, Guid volumeId)
    {
        var pairs = Enumerable
            .Range(0, PartitionTable.Partitions)
            .Where(partition => map.ReplicasOf(partition).Owners.Any(owner => owner.VolumeId == volumeId))
            .SelectMany(partition =>
                map.ReplicasOf(partition)
                    .Owners.Where(owner => owner.VolumeId != volumeId)
                    .Select(owner => (Source: owner.VolumeId, Partition: partition))
            );
        foreach (var pair in pairs.GroupBy(pair => pair.Source).SelectMany(group => group))
        {
            waiting.Enqueue(pair);
        }
    }

    private static bool AreOwners(ClusterMap map, int partition, Guid one, Guid other)
    {
        var owners = map.ReplicasOf(partition).Owners;
        return owners.Any(owner => owner.VolumeId == one) && owners.Any(owner => owner.VolumeId == other);
    }
}
