namespace FileSharing.Cluster.Map;

/// <summary>How far a replica is on its way to another volume: docs/cluster.md, section 3.</summary>
public enum MoveState : byte
{
    /// <summary>The new volume fetches what the owners hold; it is not an owner yet, and takes part in every put.</summary>
    Copying = 0,

    /// <summary>The new volume is the owner; the old one keeps its copy for those who still read by an older map.</summary>
    Leaving = 1,
}

/// <summary>One replica of a partition that goes from one volume to another. A partition has at most one at a time.</summary>
/// <param name="Partition">0 to <see cref="PartitionTable.Partitions"/> − 1.</param>
/// <param name="Slot">Which of the partition's three owners.</param>
/// <param name="From">Index of the volume that has it; it is in the table while <see cref="MoveState.Copying"/>.</param>
/// <param name="To">Index of the volume that gets it; it is in the table while <see cref="MoveState.Leaving"/>.</param>
/// <param name="State">How far it is.</param>
/// <param name="Since">Version of the map that brought it into this state.</param>
public readonly record struct ReplicaMove(int Partition, int Slot, ushort From, ushort To, MoveState State, long Since);
