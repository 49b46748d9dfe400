namespace FileSharing.BlobEngine;

/// <summary>
/// Looks for damage before a reader meets it: docs/scrub.md. It changes no record: it marks what is damaged, and has the index built anew when that disagrees
/// with the segments. One run at a time, and none while compaction runs over the index check.
/// </summary>
internal sealed class Scrubber(
    Volume volume,
    SegmentWriter writer,
    RecordReader reader,
    Quarantine quarantine,
    SemaphoreSlim compacting,
    TimeProvider time
)
{
    private ScrubProgress done = new(0, 0, 0, 0, 0, 0);
    private int damagedPlaces;

    public async Task<ScrubReport> RunAsync(
        ScrubOptions options,
        IProgress<ScrubProgress>? progress,
        CancellationToken ct
    )
    {
        var pace = new Pace(options.RestFactor, time);
        var due = ScrubPlan.Of(volume, options, Now());
        done = done with { Segments = due.Count, Bytes = due.Sum(segment => segment.To - segment.From) };
        foreach (var segment in due)
        {
            progress?.Report(done);
            await LookAtAsync(segment, pace, progress, ct);
        }

        var mismatches = IsIndexDue(options) ? await CheckIndexAsync(ct) : null;
        progress?.Report(done);
        return new ScrubReport(
            done.SegmentsDone,
            done.BytesDone,
            done.Records,
            done.Damaged,
            mismatches ?? 0,
            damagedPlaces,
            mismatches is not null
        );
    }

    private async Task LookAtAsync(
        DueSegment segment,
        Pace pace,
        IProgress<ScrubProgress>? progress,
        CancellationToken ct
    )
    {
        var began = Now();
        var bytesBefore = done.BytesDone;
        var recordsBefore = done.Records;
        var look = new SegmentScrub(volume, pace);
        try
        {
            await look.RunAsync(segment, OnBytes, ct);
        }
        catch (FileNotFoundException)
        {
            // Compacted away since it was planned.
        }

        var damaged = 0;
        foreach (var id in look.Suspects.Distinct())
        {
            damaged += await quarantine.CheckAsync(id, ct) ? 1 : 0;
        }

        damagedPlaces += look.DamagedPlaces;
        done = done with
        {
            SegmentsDone = done.SegmentsDone + 1,
            BytesDone = bytesBefore + segment.To - segment.From,
            Records = recordsBefore + look.Records,
            Damaged = done.Damaged + damaged,
        };
        await RememberAsync(segment, began, look.DamagedPlaces, ct);

        void OnBytes(long bytes)
        {
            done = done with { BytesDone = done.BytesDone + bytes, Records = recordsBefore + look.Records };
            progress?.Report(done);
        }
    }

    private async Task RememberAsync(DueSegment segment, long at, int damagedPlaces, CancellationToken ct)
    {
        try
        {
            var before = volume.Index.ScrubStateOf(segment.Number);
            var state = ScrubPlan.After(segment, before, at, damagedPlaces);
            await writer.RunAsync((_, update) => update.SetScrubbed(segment.Number, state), ct);
        }
        catch (BlobException error) when (error.Error == BlobError.WriterPoisoned)
        {
            // Looked at once more after the next opening.
        }
    }

    private bool IsIndexDue(ScrubOptions options) =>
        writer.Condition == VolumeCondition.Writable
        && Now() - volume.Index.CheckedAt >= options.NewDataWithin.TotalSeconds;

    /// <returns>Null when it could not be compared.</returns>
    private async Task<long?> CheckIndexAsync(CancellationToken ct)
    {
        await compacting.WaitAsync(ct);
        IReadOnlyList<IndexDifference>? differences;
        try
        {
            differences = await new IndexCheck(volume, writer).RunAsync(ct);
        }
        finally
        {
            compacting.Release();
        }

        if (differences is null)
        {
            return null;
        }

        foreach (var difference in differences)
        {
            await ResolveAsync(difference, ct);
        }

        var at = Now();
        await writer.RunAsync((_, update) => update.SetChecked(at), ct);
        return differences.Count;
    }

    /// <summary>What cannot be read is no copy; anything else is for a rebuild to mend.</summary>
    private async Task ResolveAsync(IndexDifference difference, CancellationToken ct)
    {
        if (
            difference is { Actual: { } actual, Expected: null }
            && !await reader.IsIntactAsync(difference.Id, actual, ct)
        )
        {
            done = done with { Damaged = done.Damaged + (await quarantine.CheckAsync(difference.Id, ct) ? 1 : 0) };
            return;
        }

        volume.ReportIndexDamage();
    }

    private long Now() => time.GetUtcNow().ToUnixTimeSeconds();
}
