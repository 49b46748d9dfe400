using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <summary>
/// Compares the index with what the segments say, both ways: docs/scrub.md. It builds a second index exactly as a rebuild would, so what it finds
/// is what a rebuild would change. Compaction must not run meanwhile; everything else may.
/// </summary>
internal sealed class IndexCheck(Volume volume, SegmentWriter writer)
{
    /// <summary>Differences held at a time. Most are changes since the moment of the snapshot.</summary>
    private const int DifferencesMax = 100_000;

    private readonly List<IndexDifference> confirmed = [];
    private readonly List<IndexDifference> differences = [];
    private Snapshot snapshot = null!;

    /// <returns>Entries that differ; null when a segment cannot say what is in it.</returns>
    public async Task<IReadOnlyList<IndexDifference>?> RunAsync(CancellationToken ct)
    {
        snapshot = await TakeSnapshotAsync(ct);
        volume.IndexEngine.Remove(volume.Files.IndexCheckPath);
        try
        {
            using var expected = ChunkIndex.Open(
                volume.IndexEngine,
                volume.Files.IndexCheckPath,
                volume.Spare,
                () => { }
            );
            if (!TryFill(expected, ct))
            {
                return null;
            }

            await CompareAsync(expected, ct);
            return confirmed;
        }
        finally
        {
            volume.IndexEngine.Remove(volume.Files.IndexCheckPath);
        }
    }

    /// <summary>On the writer's thread, between two batches: there the index is exactly what the log says.</summary>
    private async Task<Snapshot> TakeSnapshotAsync(CancellationToken ct)
    {
        Snapshot? taken = null;
        await writer.RunAsync(
            (log, _) =>
                taken = new Snapshot(
                    [.. volume.Segments.List().Select(segment => segment.Number)],
                    log.IsOpen ? log.Segment : null,
                    log.CopyOpenContents(),
                    log.NextSequence
                ),
            ct
        );
        return taken!;
    }

    private bool TryFill(ChunkIndex expected, CancellationToken ct)
    {
        using var replay = new Replay(expected, volume.Segments);
        foreach (var segment in snapshot.Segments)
        {
            ct.ThrowIfCancellationRequested();
            var contents = segment == snapshot.OpenSegment ? snapshot.OpenContents : SealedContents(segment, ct);
            if (contents is null)
            {
                return false;
            }

            replay.Enter(segment, contents.Records, contents.Notes);
        }

        replay.Commit();
        return true;
    }

    private SegmentContents? SealedContents(uint segment, CancellationToken ct)
    {
        try
        {
            return SegmentFooter.TryReadSealed(volume.Segments, segment, volume.Buffers, ct);
        }
        catch (IOException)
        {
            // The file is gone, or the disk cannot read it. Nothing in it can be confirmed, and what the index places there is no copy.
            return new SegmentContents();
        }
    }

    /// <summary>Walks both in order of id.</summary>
    private async Task CompareAsync(ChunkIndex expected, CancellationToken ct)
    {
        var actualPages = new EntryPages(volume.Index);
        var expectedPages = new EntryPages(expected);
        while (actualPages.Current is not null || expectedPages.Current is not null)
        {
            ct.ThrowIfCancellationRequested();
            var id = Least(actualPages.Current?.Id, expectedPages.Current?.Id);
            var actual = actualPages.TakeIf(id);
            var wanted = expectedPages.TakeIf(id);
            if (actual != wanted && !IsLater(actual))
            {
                differences.Add(new IndexDifference(id, actual, wanted));
            }

            if (differences.Count >= DifferencesMax)
            {
                await ConfirmAsync(ct);
            }
        }

        await ConfirmAsync(ct);
    }

    /// <summary>Whether the record was written after the snapshot.</summary>
    private bool IsLater(IndexEntry? actual) =>
        actual is { } entry && snapshot.Segments is [.., var last] && entry.Segment > last;

    /// <summary>
    /// A difference is real when nothing was stated about the id after the snapshot: what was stated by now includes all that had been when the entry was read.
    /// </summary>
    private async Task ConfirmAsync(CancellationToken ct)
    {
        if (differences.Count == 0)
        {
            return;
        }

        var changed = await StatedSinceAsync(ct);
        confirmed.AddRange(differences.Where(difference => !changed.Contains(difference.Id)));
        differences.Clear();
    }

    private async Task<HashSet<ChunkId>> StatedSinceAsync(CancellationToken ct)
    {
        var now = await TakeSnapshotAsync(ct);
        var ids = new HashSet<ChunkId>();
        foreach (var segment in now.Segments.Where(IsAtOrAfterSnapshot))
        {
            var contents = segment == now.OpenSegment ? now.OpenContents : SealedContents(segment, ct);
            foreach (var record in contents?.Records ?? [])
            {
                AddIfLater(ids, record.Id, record.Origin);
            }

            foreach (var note in contents?.Notes ?? [])
            {
                AddIfLater(ids, note.Note.Id, note.Origin);
            }
        }

        return ids;
    }

    private bool IsAtOrAfterSnapshot(uint segment) => snapshot.Segments is not [.., var last] || segment >= last;

    private void AddIfLater(HashSet<ChunkId> ids, ChunkId id, ulong origin)
    {
        if (origin >= snapshot.NextSequence)
        {
            ids.Add(id);
        }
    }

    private static ChunkId Least(ChunkId? a, ChunkId? b) =>
        (a, b) switch
        {
            ({ } one, { } other) => one.CompareTo(other) < 0 ? one : other,
            ({ } one, null) => one,
            (null, { } other) => other,
            _ => throw new InvalidOperationException("Both walks have ended."),
        };

    private sealed record Snapshot(
        IReadOnlyList<uint> Segments,
        uint? OpenSegment,
        SegmentContents OpenContents,
        ulong NextSequence
    );
}

/// <summary>An id about which index and segments disagree.</summary>
/// <param name="Id">The record.</param>
/// <param name="Actual">What the index says; null when it does not know it.</param>
/// <param name="Expected">What the segments say; null when they hold nothing live of it.</param>
internal readonly record struct IndexDifference(ChunkId Id, IndexEntry? Actual, IndexEntry? Expected);

/// <summary>The entries of an index in order of id, a page at a time, so that no view of it is held for long.</summary>
internal sealed class EntryPages(ChunkIndex index)
{
    private const int PageEntries = 10_000;

    private List<(ChunkId Id, IndexEntry Entry)> page = [];
    private ChunkId? last;
    private int next;
    private bool isEnded;

    /// <summary>Null at the end.</summary>
    public (ChunkId Id, IndexEntry Entry)? Current
    {
        get
        {
            if (next == page.Count && !isEnded)
            {
                ReadPage();
            }

            return next < page.Count ? page[next] : null;
        }
    }

    /// <summary>The entry of this id, and moves on; null, and stays, where it stands on another.</summary>
    public IndexEntry? TakeIf(ChunkId id)
    {
        if (Current is not { } current || current.Id != id)
        {
            return null;
        }

        next++;
        return current.Entry;
    }

    private void ReadPage()
    {
        page = [];
        next = 0;
        index.Walk(
            last,
            (id, entry) =>
            {
                page.Add((id, entry));
                return page.Count < PageEntries;
            }
        );
        isEnded = page.Count < PageEntries;
        last = page.Count > 0 ? page[^1].Id : last;
    }
}
