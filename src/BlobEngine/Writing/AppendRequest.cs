namespace FileSharing.BlobEngine;

/// <summary>One record or note on its way into the log, or something else that only the writer may do. Its task ends when the fact is durable and in the index, or never will be.</summary>
internal sealed class AppendRequest
{
    // Continuations must not run on the writer's thread: the next batch waits for it.
    private readonly TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public AppendRequest(ReadOnlyMemory<byte> record, RecordHeader header, PutOptions options)
    {
        Record = record;
        Header = header;
        Options = options;
        FrameBytes = SegmentFormat.RecordFrameBytes(record.Length);
    }

    /// <summary>A record that is written again: it keeps what is known of it, and is refused when it does not lie any more where it was.</summary>
    public AppendRequest(ReadOnlyMemory<byte> record, RecordHeader header, IndexEntry moved)
        : this(record, header, new PutOptions(moved.TouchEpoch, moved.Owed)) => Moved = moved;

    /// <param name="note">What is stated.</param>
    /// <param name="isCarried">Whether it is stated again, to outlive the segment where it stood.</param>
    public AppendRequest(Note note, bool isCarried = false)
    {
        Note = note;
        IsCarried = isCarried;
        FrameBytes = SegmentFormat.NoteFrameBytes;
    }

    /// <param name="work">Runs on the writer's thread, between two batches.</param>
    public AppendRequest(Action<SegmentLog, IndexUpdate> work) => Work = work;

    /// <summary>Null for a record or note.</summary>
    public Action<SegmentLog, IndexUpdate>? Work { get; }

    /// <summary>Empty for a note. Must not change before the task has ended.</summary>
    public ReadOnlyMemory<byte> Record { get; }

    public RecordHeader Header { get; }

    public PutOptions Options { get; }

    /// <summary>Where the record lies that this one is a copy of; null for a new one.</summary>
    public IndexEntry? Moved { get; }

    /// <summary>What the frame says of the record.</summary>
    public FrameFlags Flags => RecordFlags.Of(Options.Owed, Moved?.GcState ?? GcState.Live);

    /// <summary>Of a copy, since which sweep it is in its state; what is put is live.</summary>
    public uint StateEpoch => Moved?.StateEpoch ?? 0;

    public Note Note { get; }

    public bool IsCarried { get; }

    /// <summary>Part of compaction, which is what makes room: it may use all that is kept free.</summary>
    public bool MakesRoom => IsCarried || Moved is not null;

    /// <summary>What a put or an adopt states of a record that is there already.</summary>
    public bool IsStamp => !IsRecord && !IsCarried && Note.Kind is NoteKind.Touch or NoteKind.Owed;

    public bool IsRecord => !Record.IsEmpty;

    /// <summary>Room that it takes in a batch.</summary>
    public int FrameBytes { get; }

    public Task Completion => completion.Task;

    public void Succeed() => completion.TrySetResult();

    public void Fail(Exception error) => completion.TrySetException(error);
}
