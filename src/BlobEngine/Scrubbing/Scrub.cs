namespace FileSharing.BlobEngine;

/// <summary>What a scrub is to look at. Both spans zero: everything, now.</summary>
/// <param name="NewDataWithin">What was written is looked at within this time, if a scrub runs often enough: each half of it.</param>
/// <param name="EverythingWithin">Everything is looked at again within this time.</param>
/// <param name="RestFactor">For every second of work so many seconds of rest, so that clients keep the disk; 0 for none.</param>
public sealed record ScrubOptions(TimeSpan NewDataWithin, TimeSpan EverythingWithin, double RestFactor = 0);

/// <summary>How far a scrub has come.</summary>
/// <param name="SegmentsDone">Segments looked at.</param>
/// <param name="Segments">Segments that are due.</param>
/// <param name="BytesDone">Bytes looked at.</param>
/// <param name="Bytes">Bytes that are due.</param>
/// <param name="Records">Live records checked.</param>
/// <param name="Damaged">Of these damaged.</param>
public sealed record ScrubProgress(
    int SegmentsDone,
    int Segments,
    long BytesDone,
    long Bytes,
    long Records,
    long Damaged
);

/// <summary>What a scrub found. Damaged records are on <see cref="BlobStore.ListDamaged"/>.</summary>
/// <param name="Segments">Segments looked at.</param>
/// <param name="Bytes">Bytes looked at.</param>
/// <param name="Records">Live records checked.</param>
/// <param name="Damaged">Records found damaged.</param>
/// <param name="IndexMismatches">Entries in which index and segments disagree; then the volume needs reopening.</param>
/// <param name="DamagedPlaces">Places of segments that are not as they were written, whether or not a live record lies there.</param>
/// <param name="IsIndexChecked">Whether the index was compared: not each time, and not where a segment cannot say what is in it.</param>
public sealed record ScrubReport(
    int Segments,
    long Bytes,
    long Records,
    long Damaged,
    long IndexMismatches,
    int DamagedPlaces,
    bool IsIndexChecked
);

/// <summary>How far a segment has been looked at.</summary>
/// <param name="Position">Everything below was looked at.</param>
/// <param name="LastAt">When last, seconds since 1970; 0 for never.</param>
/// <param name="OldestAt">When the part that was looked at longest ago was.</param>
/// <param name="DamagedPlaces">Places that were found not to be as they were written.</param>
internal readonly record struct ScrubState(long Position, long LastAt, long OldestAt, int DamagedPlaces);
