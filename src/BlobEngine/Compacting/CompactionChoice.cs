namespace FileSharing.BlobEngine;

/// <summary>Which segments one run of the compaction takes: docs/compaction.md. What waits for repair is looked up once, when it is made.</summary>
internal sealed class CompactionChoice(Volume volume, RecordRewriter rewriter, CompactionOptions options)
{
    private readonly HashSet<uint> toRepair = options.RewriteDamaged
        ?
        [
            .. volume
                .Index.ListDamaged(after: null, int.MaxValue)
                .Select(id => volume.Index.Find(id)?.Segment)
                .OfType<uint>(),
        ]
        : [];

    /// <summary>Whether the newest segment, which has to be sealed for it, holds something that should not wait until it is full.</summary>
    public bool IsOpenSegmentWanted =>
        volume.Segments.List() is [.., var (newest, _)] && (HasOldKeys(newest) || IsMended(newest));

    /// <summary>The emptiest first.</summary>
    public IReadOnlyList<uint> Segments() =>
        [
            .. volume
                .Segments.List()
                .Select(segment => (segment.Number, Dead: DeadFractionOf(segment.Number, notes: 0)))
                .Where(segment =>
                    segment.Dead >= options.DeadFractionMin || HasOldKeys(segment.Number) || IsMended(segment.Number)
                )
                .OrderByDescending(segment => segment.Dead)
                .Take(options.SegmentsMax)
                .Select(segment => segment.Number),
        ];

    /// <summary>Whether a chosen segment is to be compacted, now that it is known what is in it. Notes count as live: a segment of notes that must stay would otherwise be written again for ever.</summary>
    public bool IsWorthwhile(uint segment, SegmentContents contents) =>
        DeadFractionOf(segment, contents.Notes.Count) >= options.DeadFractionMin
        || HasOldKeys(segment)
        || (IsMended(segment) && IsAllKnown(contents));

    /// <summary>Whether records in it are to be encoded anew.</summary>
    public bool HasOldKeys(uint segment) =>
        options.RewriteOldKeys
        && volume.Index.Totals.Of(segment).Any(count => count.Records > 0 && rewriter.IsNeeded(count.KeyId));

    /// <summary>Whether something in it is not as it was written, and nothing that lives there has to be repaired any more.</summary>
    private bool IsMended(uint segment) =>
        options.RewriteDamaged && volume.Index.ScrubStateOf(segment).DamagedPlaces > 0 && !toRepair.Contains(segment);

    /// <summary>Whether the directory names everything that was ever in the segment. Where damage took something of which nobody knows what it was, the place goes on being counted.</summary>
    private static bool IsAllKnown(SegmentContents contents) =>
        contents.Notes.TrueForAll(stated => stated.Note.Kind != NoteKind.Lost);

    private double DeadFractionOf(uint segment, int notes)
    {
        var live = volume.Index.Totals.LiveBytesOf(segment) + ((long)notes * SegmentFormat.NoteFrameBytes);
        return 1 - (live / (double)volume.Segments.BytesOf(segment));
    }
}
