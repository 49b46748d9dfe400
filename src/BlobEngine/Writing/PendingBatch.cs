namespace FileSharing.BlobEngine;

/// <summary>A batch from its first frame to its acknowledgement: the frames, and who waits for them. One thread.</summary>
internal sealed class PendingBatch(BufferPool pool) : IDisposable
{
    private readonly List<(AppendRequest Request, int FrameOffset)> requests = [];
    private readonly List<AppendRequest> work = [];

    public BatchBuilder Frames { get; } = new(pool);

    /// <summary>What is in it, each with the offset of its frame from the start of the batch; 0 for a note.</summary>
    public IReadOnlyList<(AppendRequest Request, int FrameOffset)> Requests => requests;

    /// <summary>What is to run when the batch has been committed; it takes no room.</summary>
    public IReadOnlyList<AppendRequest> Work => work;

    /// <summary>Whether there is anything to commit or to run.</summary>
    public bool HasWork => requests.Count + work.Count > 0;

    /// <summary>The sequence that its frames name as their origin.</summary>
    public ulong Sequence { get; private set; }

    /// <param name="sequence">The sequence that it is likely to be written under: a batch is collected while the one before it is still being written.</param>
    public void Begin(ulong sequence)
    {
        Sequence = sequence;
        Frames.Clear();
        requests.Clear();
        work.Clear();
    }

    public void AddWork(AppendRequest request) => work.Add(request);

    public void Add(AppendRequest request) => requests.Add((request, AddFrame(request)));

    /// <summary>Makes all frames name this sequence, under which the batch is about to be written.</summary>
    public void StateUnder(ulong sequence)
    {
        if (sequence != Sequence)
        {
            Sequence = sequence;
            Frames.StateAnew(sequence);
        }
    }

    /// <summary>Leaves only these.</summary>
    public void Keep(IReadOnlyList<AppendRequest> kept)
    {
        Frames.Clear();
        requests.Clear();
        foreach (var request in kept)
        {
            Add(request);
        }
    }

    private int AddFrame(AppendRequest request)
    {
        if (request.IsRecord)
        {
            return Frames.AddRecord(
                request.Record.Span,
                request.Flags,
                request.Options.TouchEpoch,
                Sequence,
                request.StateEpoch
            );
        }

        Frames.AddNote(request.Note, Sequence);
        return 0;
    }

    public void Dispose() => Frames.Dispose();
}
