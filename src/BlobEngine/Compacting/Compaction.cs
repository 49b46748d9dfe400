namespace FileSharing.BlobEngine;

/// <summary>What a compaction is to do.</summary>
/// <param name="DeadFractionMin">Segments are taken whose bytes are dead to at least this part, 0 to 1, the emptiest first.</param>
/// <param name="SegmentsMax">At most so many.</param>
/// <param name="RestFactor">For every second of work so many seconds of rest, so that clients keep the disk; 0 for none.</param>
/// <param name="RewriteOldKeys">Take also segments with records under an older data key than new ones get, and encode these records anew.</param>
/// <param name="RewriteDamaged">Take also segments in which a scrub has found damaged places, once no live record is damaged there.</param>
public sealed record CompactionOptions(
    double DeadFractionMin = 0.3,
    int SegmentsMax = int.MaxValue,
    double RestFactor = 0,
    bool RewriteOldKeys = false,
    bool RewriteDamaged = false
);

/// <summary>What a compaction did.</summary>
/// <param name="SegmentsRemoved">Files given back to the file system.</param>
/// <param name="SegmentBytesRemoved">Their bytes.</param>
/// <param name="RecordsMoved">Live records written again.</param>
/// <param name="RecordBytesMoved">Their bytes.</param>
/// <param name="RecordsRewritten">Those of them that were encoded anew under the current data key.</param>
/// <param name="NotesCarried">Notes that had to be stated again.</param>
/// <param name="SegmentsKept">Segments that stay because they hold a damaged record, or a copy of theirs was not read back: repair, then compact again.</param>
public sealed record CompactionReport(
    int SegmentsRemoved,
    long SegmentBytesRemoved,
    long RecordsMoved,
    long RecordBytesMoved,
    long RecordsRewritten,
    long NotesCarried,
    int SegmentsKept
);
