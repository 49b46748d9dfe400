using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <summary>Under whose authority, and in which cycle, a sweep or a drop is done.</summary>
/// <param name="Coordinator">The process that has the lease.</param>
/// <param name="Token">Its fencing token.</param>
/// <param name="Epoch">Of the cycle.</param>
/// <param name="Horizon">No session older than this was open when the cycle looked; at most <paramref name="Epoch"/>.</param>
/// <param name="Incarnation">Of the volume, as <see cref="BlobStore.BeginSweepsAsync"/> said.</param>
public readonly record struct SweepOrder(Guid Coordinator, long Token, uint Epoch, uint Horizon, ulong Incarnation);

/// <summary>A range of ids with all of them that are referred to.</summary>
/// <param name="Order">By whom.</param>
/// <param name="After">The range begins after this id; null for the first of all.</param>
/// <param name="Until">The last id of the range.</param>
/// <param name="Live">Sorted. Complete for every group that <paramref name="GroupOf"/> names.</param>
/// <param name="GroupOf">The partition of an id, as far as this volume is to sweep it now; null: the record is left alone.</param>
/// <param name="IsApproved">Whether more may be trashed than <see cref="SweepLimits"/> allow.</param>
public sealed record SweepRange(
    SweepOrder Order,
    ChunkId? After,
    ChunkId Until,
    IReadOnlyList<ChunkId> Live,
    Func<ChunkId, int?> GroupOf,
    bool IsApproved
);

/// <summary>How much one cycle may trash without approval: what deletes more is likelier a wrong list than a tidy user.</summary>
public static class SweepLimits
{
    /// <summary>Of the records of a volume, and of those of a partition on it.</summary>
    public const double FractionMax = 0.1;

    /// <summary>So many go in any case: a tenth of a nearly empty volume is nothing.</summary>
    public const int VolumeRecordsMin = 10;

    /// <summary>The same for one partition.</summary>
    public const int GroupRecordsMin = 100;

    public static bool IsTooMuch(long trashed, long records, int min) =>
        trashed > min && trashed > FractionMax * records;
}

/// <summary>What a sweep of a range did.</summary>
/// <param name="Records">Looked at.</param>
/// <param name="Condemned">Live until now.</param>
/// <param name="Trashed">Condemned by an earlier cycle.</param>
/// <param name="Revived">Condemned or trashed, and referred to.</param>
/// <param name="Withheld">Would have been trashed, and are too many.</param>
public sealed record SweepReport(long Records, RecordSum Condemned, RecordSum Trashed, long Revived, long Withheld);

/// <summary>What a drop did.</summary>
/// <param name="Dropped">Gone; compaction gives their space back.</param>
/// <param name="Kept">Touched, revived, or trashed too lately.</param>
public sealed record DropReport(RecordSum Dropped, long Kept);
