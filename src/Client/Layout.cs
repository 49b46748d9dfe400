namespace FileSharing.Client;

/// <summary>A volume of the cluster's layout.</summary>
public sealed record LayoutMember
{
    /// <summary>Name of the node and number of its directory, as <c>1/2</c>; else the volume's id.</summary>
    public required string Volume { get; init; }

    public Guid VolumeId { get; init; }

    public required string Node { get; init; }

    public required string Zone { get; init; }

    /// <summary>Relative to the others; 0 while it is being emptied.</summary>
    public double Weight { get; init; }

    /// <summary>Of all partition replicas, 0 to 1, as zones and nodes allow it.</summary>
    public double Share { get; init; }

    /// <summary>Partition replicas that it owns now.</summary>
    public int Partitions { get; init; }

    /// <summary>Partition replicas that it is to own.</summary>
    public int PartitionsWanted { get; init; }

    /// <summary>Bytes of live records on it; null when it cannot be asked.</summary>
    public long? Bytes { get; init; }

    /// <summary>up, down, cut off, replaced, or lost: an administrator has given it up.</summary>
    public required string State { get; init; }
}

/// <summary>Replicas on the move.</summary>
public sealed record MovesStatus
{
    public int UnderWay { get; init; }

    /// <summary>Not begun yet.</summary>
    public int Waiting { get; init; }

    /// <summary>Of both.</summary>
    public long BytesLeft { get; init; }

    /// <summary>At the present budget, at least.</summary>
    public double EstimateSeconds { get; init; }
}

/// <summary>A member as it is to be when what is staged is applied.</summary>
public sealed record StagedMember
{
    public required string Volume { get; init; }
    public Guid VolumeId { get; init; }
    public double Weight { get; init; }
}

/// <summary>Changes that are not applied yet.</summary>
public sealed record StagedLayout
{
    public required string Author { get; init; }
    public required string Reason { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public required IReadOnlyList<StagedMember> Members { get; init; }
}

/// <summary>Which volumes hold how much, and what moves.</summary>
public sealed record LayoutStatus
{
    public long LayoutId { get; init; }

    /// <summary>Who applied it; <c>automatic</c> for the cluster itself.</summary>
    public required string Author { get; init; }

    public required string Reason { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public long MapVersion { get; init; }

    /// <summary>No process acts under a map of a lower version any more.</summary>
    public long Floor { get; init; }

    /// <summary>Budget of each volume.</summary>
    public long RepairBytesPerSecond { get; init; }

    public required IReadOnlyList<LayoutMember> Members { get; init; }
    public required MovesStatus Moves { get; init; }

    /// <summary>Null when nothing is staged.</summary>
    public StagedLayout? Staged { get; init; }
}

/// <summary>What a plan means for one volume.</summary>
public sealed record PlanVolume
{
    public required string Volume { get; init; }
    public Guid VolumeId { get; init; }
    public double Weight { get; init; }
    public int PartitionsBefore { get; init; }
    public int PartitionsAfter { get; init; }

    /// <summary>Partition replicas that it gets.</summary>
    public int Gains { get; init; }

    /// <summary>Partition replicas that it gives away.</summary>
    public int Losses { get; init; }

    /// <summary>That it has to fetch.</summary>
    public long BytesIn { get; init; }
}

/// <summary>What applying the staged changes would move.</summary>
public sealed record LayoutPlan
{
    /// <summary>Names it: <see cref="FileShareClient.ApplyLayoutAsync"/>.</summary>
    public required string Plan { get; init; }

    /// <summary>Partition replicas that move.</summary>
    public int Moves { get; init; }

    /// <summary>What would have to move at least.</summary>
    public int MovesMin { get; init; }

    public long Bytes { get; init; }

    /// <summary>At the present budget, at least.</summary>
    public double EstimateSeconds { get; init; }

    public long RepairBytesPerSecond { get; init; }
    public required IReadOnlyList<PlanVolume> Volumes { get; init; }
}

/// <summary>What was reverted.</summary>
public sealed record LayoutRevert
{
    /// <summary>staged, or applied.</summary>
    public required string Reverted { get; init; }

    /// <summary>What it had been for.</summary>
    public required string Reason { get; init; }
}

/// <summary>What each volume may fetch, for moves and repair together.</summary>
public sealed record RepairBudget
{
    public long BytesPerSecond { get; init; }

    /// <summary>Of its time, that a volume may spend on them; 1 for all of it.</summary>
    public double Share { get; init; }
}

/// <summary>What is to change of a <see cref="RepairBudget"/>; null stays as it is.</summary>
public sealed record RepairBudgetChange
{
    public long? BytesPerSecond { get; init; }
    public double? Share { get; init; }
}
