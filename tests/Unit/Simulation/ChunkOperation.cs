namespace FileSharing.UnitTests.Simulation;

/// <summary>What a volume says of one record.</summary>
internal readonly record struct RecordState(bool IsPresent, bool IsOwed, uint TouchEpoch)
{
    public static RecordState Absent => default;
}

internal enum ChunkVerb
{
    Put,
    Delete,
    Settle,
    Adopt,
}

/// <summary>Something asked of a volume about one record. Two that say the same are two.</summary>
/// <param name="Record">Number of the record: <see cref="TestRecords"/>.</param>
/// <param name="Verb">What is asked.</param>
/// <param name="Epoch">The stamp, for puts and adoptions.</param>
/// <param name="Owed">For puts.</param>
internal sealed class ChunkOperation(int record, ChunkVerb verb, uint epoch = 0, bool owed = false)
{
    public int Record => record;

    public bool IsPut => verb == ChunkVerb.Put;

    /// <summary>What is so after it.</summary>
    public RecordState After(RecordState before) =>
        verb switch
        {
            ChunkVerb.Put => new RecordState(true, owed || before.IsOwed, Math.Max(epoch, before.TouchEpoch)),
            ChunkVerb.Delete => RecordState.Absent,
            ChunkVerb.Settle => before with { IsOwed = false },
            ChunkVerb.Adopt when before.IsPresent => before with { TouchEpoch = Math.Max(epoch, before.TouchEpoch) },
            _ => before,
        };

    /// <summary>What may be so while it is under way, and after it was cut off: a put of what is present marks first and stamps then.</summary>
    public RecordState Midway(RecordState before) =>
        verb == ChunkVerb.Put && before.IsPresent ? before with { IsOwed = owed || before.IsOwed } : before;

    public override string ToString() => $"{verb} record {record} epoch {epoch} owed {owed}";
}
