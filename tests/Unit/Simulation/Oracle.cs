namespace FileSharing.UnitTests.Simulation;

/// <summary>
/// Knows what a volume may say of each record, from what was asked of it and what it acknowledged: all states that some order of the operations
/// explains, where one that was not acknowledged may have happened or not.
/// </summary>
internal sealed class Oracle
{
    private readonly Possible[] records =
    [
        .. Enumerable.Range(0, TestRecords.Count).Select(_ => new Possible([RecordState.Absent])),
    ];

    /// <summary>Records that the disk has damaged, until a put of them is acknowledged: they may be unreadable.</summary>
    private readonly HashSet<int> damaged = [];

    public Oracle() { }

    private Oracle(IEnumerable<Possible> records, IEnumerable<int> damaged)
    {
        this.records = [.. records];
        this.damaged = [.. damaged];
    }

    /// <summary>The same knowledge after the process has ended: what was under way will not happen any more, but may have.</summary>
    public Oracle AfterCrash() => new(records.Select(record => new Possible(record.States)), damaged);

    /// <summary>The same knowledge of a disk that has damaged the stored copy of a record.</summary>
    public Oracle WithDamaged(int record) =>
        new(records.Select(known => new Possible(known.States)), [.. damaged, record]);

    public bool MayBeUnreadable(int record) => damaged.Contains(record);

    public IReadOnlyCollection<RecordState> StatesOf(int record) => records[record].States;

    /// <summary>
    /// Whether a volume may say this of a record. A stamp may be higher than what was acknowledged: one from before a delete comes back when the index is
    /// built again and the note of the delete is gone. It does no harm, since it only protects for longer.
    /// </summary>
    public bool Allows(int record, RecordState said) => records[record].States.Any(state => IsExplained(said, state));

    public void See(TraceEvent happened)
    {
        switch (happened)
        {
            case Began { Operation: var operation }:
                records[operation.Record].Begin(operation);
                break;
            case Acknowledged { Operation: var operation }:
                records[operation.Record].End(operation, hasHappened: true);
                if (operation.IsPut)
                {
                    damaged.Remove(operation.Record);
                }

                break;
            case Refused { Operation: var operation }:
                records[operation.Record].End(operation, hasHappened: false);
                break;
            case Observed { States: var states }:
                for (var record = 0; record < states.Count; record++)
                {
                    // What was acknowledged stays the least that the stamp must be.
                    records[record] = new Possible(StatesOf(record).Where(state => IsExplained(states[record], state)));
                }

                break;
            default:
                break;
        }
    }

    private static bool IsExplained(RecordState said, RecordState state) =>
        said with { TouchEpoch = state.TouchEpoch } == state && said.TouchEpoch >= state.TouchEpoch;

    /// <summary>The possible histories of one record: where each has led, and which of the operations under way are part of it.</summary>
    private sealed class Possible(IEnumerable<RecordState> states)
    {
        private readonly List<ChunkOperation?> underWay = [];
        private HashSet<(RecordState State, int Happened)> histories = [.. states.Select(state => (state, 0))];

        public IReadOnlyCollection<RecordState> States => [.. histories.Select(history => history.State).Distinct()];

        public void Begin(ChunkOperation operation)
        {
            underWay.Add(operation);
            Extend();
        }

        public void End(ChunkOperation operation, bool hasHappened)
        {
            var slot = underWay.IndexOf(operation);
            Assert.True(slot >= 0, $"{operation} had not begun");
            histories =
            [
                .. histories
                    .Where(history => ((history.Happened >> slot & 1) == 1) == hasHappened)
                    .Select(history => (history.State, history.Happened & ~(1 << slot))),
            ];
            Assert.True(histories.Count > 0, $"nothing explains the answer to {operation}");
            underWay[slot] = null;
            while (underWay.Count > 0 && underWay[^1] is null)
            {
                underWay.RemoveAt(underWay.Count - 1);
            }
        }

        /// <summary>Adds every history in which one more of the operations under way has happened.</summary>
        private void Extend()
        {
            var open = new Queue<(RecordState State, int Happened)>(histories);
            while (open.TryDequeue(out var history))
            {
                for (var slot = 0; slot < underWay.Count; slot++)
                {
                    if (underWay[slot] is not { } operation || (history.Happened >> slot & 1) == 1)
                    {
                        continue;
                    }

                    Reach((operation.Midway(history.State), history.Happened));
                    Reach((operation.After(history.State), history.Happened | 1 << slot));
                }
            }

            void Reach((RecordState State, int Happened) further)
            {
                if (histories.Add(further))
                {
                    open.Enqueue(further);
                }
            }
        }
    }
}
