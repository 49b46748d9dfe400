namespace FileSharing.Client;

/// <summary>The whole scrub of one volume that was asked for last: how far it is, or what it found.</summary>
public sealed record VolumeScrub
{
    /// <summary>Name of the node and number of its directory, as <c>1/2</c>; the volume's id when the node cannot be reached.</summary>
    public required string Volume { get; init; }

    public Guid? VolumeId { get; init; }

    /// <summary>never, waiting, running, done, failed; away when the volume cannot be asked.</summary>
    public required string State { get; init; }

    public int SegmentsDone { get; init; }

    public int Segments { get; init; }

    public long BytesDone { get; init; }

    public long Bytes { get; init; }

    /// <summary>Records checked.</summary>
    public long Records { get; init; }

    /// <summary>Of these damaged.</summary>
    public long Damaged { get; init; }

    /// <summary>Entries in which index and segments disagree.</summary>
    public long IndexMismatches { get; init; }

    /// <summary>Places of segments that are not as they were written, whether or not a record lies there.</summary>
    public int DamagedPlaces { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Why it failed, or cannot be asked.</summary>
    public string? Reason { get; init; }

    public bool HasFoundDamage => Damaged + IndexMismatches + DamagedPlaces > 0;
}
