namespace FileSharing.BlobEngine;

/// <summary>sweeps.json of a volume: what it has seen of garbage collection, and so what it does not obey any more. docs/garbage-collection.md, section 4.</summary>
/// <param name="Format">Of the file.</param>
/// <param name="Coordinator">Who has the token.</param>
/// <param name="Token">The highest fencing token seen.</param>
/// <param name="Epoch">The highest epoch seen.</param>
/// <param name="Floor">States of before this epoch count as of this epoch: their stamps could not be proved.</param>
/// <param name="IsUnproved">Damage may have taken stamps since the last sweep.</param>
internal sealed record SweepFence(int Format, Guid Coordinator, long Token, uint Epoch, uint Floor, bool IsUnproved)
{
    public const int CurrentFormat = 2;

    public static SweepFence Unknown { get; } = new(CurrentFormat, Guid.Empty, 0, 0, 0, IsUnproved: true);

    /// <summary>Since when a record counts as in its state.</summary>
    public uint StateEpochOf(IndexEntry entry) => Math.Max(entry.StateEpoch, Floor);
}
