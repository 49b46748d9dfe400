using FileSharing.BlobEngine;

namespace FileSharing.UnitTests.Simulation;

/// <summary>What a volume says of one record.</summary>
internal readonly record struct RecordState(
    bool IsPresent,
    bool IsOwed,
    uint TouchEpoch,
    GcState State = GcState.Live,
    uint StateEpoch = 0
)
{
    public static RecordState Absent => default;
}

internal enum ChunkVerb
{
    Put,
    Delete,
    Settle,
    Adopt,

    /// <summary>In a cycle of <c>epoch</c>, which is its horizon too; nothing refers to the record.</summary>
    Sweep,

    /// <summary>As <see cref="Sweep"/>, and something does.</summary>
    SweepLive,
    Drop,
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
            ChunkVerb.Sweep or ChunkVerb.SweepLive when before.IsPresent => Swept(before),
            ChunkVerb.Drop when before.State == GcState.Trashed && IsOld(before) && before.StateEpoch < epoch =>
                RecordState.Absent,
            ChunkVerb.Delete => RecordState.Absent,
            ChunkVerb.Settle => before with { IsOwed = false },
            ChunkVerb.Adopt when before.IsPresent => new RecordState(
                true,
                before.IsOwed,
                Math.Max(epoch, before.TouchEpoch)
            ),
            _ => before,
        };

    private RecordState Swept(RecordState before) =>
        (verb, before.State) switch
        {
            (ChunkVerb.SweepLive, _) => before with { State = GcState.Live, StateEpoch = 0 },
            (_, GcState.Live) when IsOld(before) => before with { State = GcState.Condemned, StateEpoch = epoch },
            (_, GcState.Condemned) when IsOld(before) && before.StateEpoch < epoch => before with
            {
                State = GcState.Trashed,
                StateEpoch = epoch,
            },
            _ => before,
        };

    private bool IsOld(RecordState before) => before.TouchEpoch < epoch;

    /// <summary>What may be so while it is under way, and after it was cut off: a put of what is present marks first and stamps then.</summary>
    public RecordState Midway(RecordState before) =>
        verb == ChunkVerb.Put && before.IsPresent ? before with { IsOwed = owed || before.IsOwed } : before;

    public override string ToString() => $"{verb} record {record} epoch {epoch} owed {owed}";
}
