using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <summary>How a record is put.</summary>
/// <param name="TouchEpoch">The garbage collection epoch to stamp; a higher stamp that is there already stays.</param>
/// <param name="Owed">Whether a further copy is still unconfirmed: the record is listed by <see cref="BlobStore.ListOwed"/> until settled.</param>
public readonly record struct PutOptions(uint TouchEpoch, bool Owed);

/// <summary>What a put did. In every case the record is on stable storage and stamped.</summary>
public enum PutOutcome
{
    /// <summary>It was absent and is stored.</summary>
    Stored,

    /// <summary>The stored copy was checked and is good.</summary>
    AlreadyPresent,

    /// <summary>The stored copy was damaged; the new one has replaced it.</summary>
    Healed,
}

/// <summary>What the index knows of a record.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Kind">Chunk or manifest.</param>
/// <param name="RecordBytes">Length of the encoded record in bytes.</param>
/// <param name="TouchEpoch">The highest garbage collection epoch that it was stamped with.</param>
/// <param name="Owed">Whether a further copy is still unconfirmed.</param>
/// <param name="IsDamaged">Whether the stored copy was found damaged, and waits for repair.</param>
/// <param name="State">In garbage collection.</param>
/// <param name="StateEpoch">The epoch of the sweep that put it into this state; 0 when live.</param>
public sealed record RecordInfo(
    ChunkId Id,
    RecordKind Kind,
    int RecordBytes,
    uint TouchEpoch,
    bool Owed,
    bool IsDamaged,
    GcState State = GcState.Live,
    uint StateEpoch = 0
);

/// <summary>Where a record stands in garbage collection: docs/garbage-collection.md. It can be read, adopted and put in every state; the last two make it live again.</summary>
public enum GcState : byte
{
    Live = 0,

    /// <summary>One sweep has found nothing that refers to it.</summary>
    Condemned = 1,

    /// <summary>A later sweep has found the same: it may be dropped after the quarantine.</summary>
    Trashed = 2,
}

/// <summary>What a volume can do at present.</summary>
public enum VolumeCondition
{
    /// <summary>Everything.</summary>
    Writable,

    /// <summary>Everything but new records.</summary>
    Full,

    /// <summary>Reads only, until it is opened again.</summary>
    Poisoned,
}

/// <summary>Figures of one volume at one moment.</summary>
/// <param name="Records">Live records.</param>
/// <param name="LiveRecordBytes">Bytes of the live records as encoded.</param>
/// <param name="DiskBytes">Bytes of segments (with what is preallocated) and index.</param>
/// <param name="FreeBytes">Free on the file system.</param>
/// <param name="Owed">Records with a copy unconfirmed.</param>
/// <param name="DamagedRecords">Records found damaged, and neither healed nor deleted.</param>
/// <param name="Segments">Segment files.</param>
/// <param name="Batches">Batches written since opening; each took one write and one sync.</param>
/// <param name="IsDirect">False when the file system has no O_DIRECT and writes pass through the page cache.</param>
/// <param name="RecordsByKey">Live records by the data key that seals them; 0 stands for "not sealed".</param>
/// <param name="Condemned">Of the records, those that one sweep has found to be garbage.</param>
/// <param name="Trashed">Of the records, those that wait to be dropped.</param>
public sealed record VolumeStats(
    long Records,
    long LiveRecordBytes,
    long DiskBytes,
    long FreeBytes,
    long Owed,
    long DamagedRecords,
    int Segments,
    long Batches,
    bool IsDirect,
    IReadOnlyDictionary<uint, long> RecordsByKey,
    RecordSum Condemned,
    RecordSum Trashed
);

/// <summary>So many records, with so many bytes as encoded.</summary>
public readonly record struct RecordSum(long Records, long Bytes);

/// <summary>What opening a volume found.</summary>
/// <param name="WasClean">The last process closed it; nothing had to be replayed.</param>
/// <param name="IndexRebuilt">The index was missing or of another format, and was made anew from all segments.</param>
/// <param name="SegmentsReplayed">Segments read.</param>
/// <param name="RecordsReplayed">Records entered into the index.</param>
/// <param name="TornTailBytes">Bytes cut behind the last valid batch: written but never acknowledged.</param>
/// <param name="Damage">Places that were once on stable storage and no longer are what was written: repair from another owner.</param>
public sealed record RecoveryReport(
    bool WasClean,
    bool IndexRebuilt,
    int SegmentsReplayed,
    long RecordsReplayed,
    long TornTailBytes,
    IReadOnlyList<DamagedPlace> Damage
);

/// <summary>How far an opening has come with the segments that it has to look at.</summary>
/// <param name="SegmentsDone">Segments entered into the index.</param>
/// <param name="Segments">All segments.</param>
/// <param name="BytesDone">Bytes of the segments done; read or, where a directory told what is in them, not.</param>
/// <param name="Bytes">Bytes of all segments.</param>
/// <param name="Records">Records entered so far.</param>
public readonly record struct RecoveryProgress(
    int SegmentsDone,
    int Segments,
    long BytesDone,
    long Bytes,
    long Records
);

/// <summary>Bytes of a segment that hold no valid batch although they must.</summary>
public sealed record DamagedPlace(uint Segment, long Offset, long Bytes);
