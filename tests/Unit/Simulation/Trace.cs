namespace FileSharing.UnitTests.Simulation;

/// <summary>
/// What happened, in order: changes of the disk, of the index, and in between what was asked of the volume and what it acknowledged.
/// Recorded once, it is cut off at every place.
/// </summary>
internal sealed class Trace
{
    private readonly Lock gate = new();
    private readonly List<TraceEvent> events = [];

    /// <summary>Not to be read before everything that records has ended.</summary>
    public IReadOnlyList<TraceEvent> Events => events;

    /// <summary>Does it and records it as one, so that the order of events is the order of what they do.</summary>
    public void Add(TraceEvent happened, Action? effect = null)
    {
        lock (gate)
        {
            effect?.Invoke();
            events.Add(happened);
        }
    }

    /// <summary>The last events before a place, for people.</summary>
    public string Describe(int position, int count = 24) =>
        string.Join(
            '\n',
            events
                .Take(position)
                .Select((happened, at) => $"  {at + 1}: {happened}")
                .Skip(Math.Max(position - count, 0))
        );
}

internal abstract record TraceEvent;

/// <summary>A change of one file; durable with the next <see cref="FileSynced"/>.</summary>
internal abstract record FileChange(int File) : TraceEvent;

internal sealed record Written(int File, ReadOnlyMemory<byte> Bytes, long Offset) : FileChange(File)
{
    public override string ToString() => $"file {File}: {Bytes.Length} bytes written at {Offset}";
}

internal sealed record Resized(int File, long Length) : FileChange(File);

internal sealed record FileSynced(int File) : TraceEvent;

/// <summary>
/// A sync reported an error. The kernel thinks the pages clean now: no later sync makes durable what this one did not, though it may be on the disk.
/// </summary>
internal sealed record SyncFailed(int File) : TraceEvent;

/// <summary>A change of the names in one directory; durable with the next <see cref="DirectorySynced"/>.</summary>
internal abstract record NameChange(string Path) : TraceEvent
{
    public string Directory => System.IO.Path.GetDirectoryName(Path)!;
}

/// <param name="Path">The new name.</param>
/// <param name="File">Its file; <see cref="SimDisk.IsDirectory"/> for a directory.</param>
internal sealed record Named(string Path, int File) : NameChange(Path);

internal sealed record Renamed(string Path, string NewPath) : NameChange(Path);

internal sealed record Unlinked(string Path) : NameChange(Path);

internal sealed record DirectorySynced(string Path) : TraceEvent;

/// <summary>A batch was applied to the index; it may be durable, and is after the next <see cref="IndexFlushed"/>.</summary>
internal sealed record IndexChanged(IndexState? State) : TraceEvent
{
    public override string ToString() => $"index: {State?.Entries.Count.ToString() ?? "no"} entries";
}

internal sealed record IndexFlushed : TraceEvent;

/// <summary>Something is asked of the volume.</summary>
internal sealed record Began(ChunkOperation Operation) : TraceEvent;

/// <summary>It was acknowledged.</summary>
internal sealed record Acknowledged(ChunkOperation Operation) : TraceEvent;

/// <summary>It was refused, and has done nothing.</summary>
internal sealed record Refused(ChunkOperation Operation) : TraceEvent;

/// <summary>What an opening has shown: it must not change any more without being told to.</summary>
internal sealed record Observed(IReadOnlyList<RecordState> States) : TraceEvent;
