namespace FileSharing.BlobEngine;

/// <summary>One segment to look at, from a position to another.</summary>
internal readonly record struct DueSegment(uint Number, long From, long To);

/// <summary>Decides which segments are due: docs/scrub.md.</summary>
internal static class ScrubPlan
{
    /// <summary>The oldest look first, so that a scrub that is cut off each day does not always begin with the same segments.</summary>
    public static List<DueSegment> Of(Volume volume, ScrubOptions options, long now) =>
        [
            .. volume
                .Segments.List()
                .Select(segment => (segment.Number, State: volume.Index.ScrubStateOf(segment.Number)))
                .OrderBy(segment => segment.State.OldestAt)
                .ThenBy(segment => segment.Number)
                .Select(segment => Due(segment.Number, segment.State, EndOf(volume, segment.Number), options, now))
                .OfType<DueSegment>(),
        ];

    public static DueSegment? Due(uint number, ScrubState state, long end, ScrubOptions options, long now)
    {
        if (state.LastAt == 0 || now - state.OldestAt >= options.EverythingWithin.TotalSeconds * 4 / 5)
        {
            return end > SegmentFormat.SegmentHeaderBytes
                ? new DueSegment(number, SegmentFormat.SegmentHeaderBytes, end)
                : null;
        }

        return end > state.Position && now - state.LastAt >= options.NewDataWithin.TotalSeconds / 2
            ? new DueSegment(number, state.Position, end)
            : null;
    }

    /// <summary>The state after a look that found so many damaged places.</summary>
    public static ScrubState After(DueSegment looked, ScrubState before, long now, int damagedPlaces) =>
        looked.From == SegmentFormat.SegmentHeaderBytes
            ? new ScrubState(looked.To, now, now, damagedPlaces)
            : before with
            {
                Position = looked.To,
                LastAt = now,
                DamagedPlaces = before.DamagedPlaces + damagedPlaces,
            };

    /// <summary>Where the batches end: a footer is not theirs. Everything below is durable and in the index.</summary>
    private static long EndOf(Volume volume, uint segment)
    {
        try
        {
            using var lease = volume.Segments.Reading(segment);
            return SegmentFooter.TryReadBlock(lease.File, segment, volume.Buffers)?.FirstOffset
                ?? volume.Index.ReplayPosition(segment);
        }
        catch (IOException)
        {
            // Gone since it was listed, or the disk does not even read the last block: the looks at its batches will tell.
            return volume.Index.ReplayPosition(segment);
        }
    }
}
