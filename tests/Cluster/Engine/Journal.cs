using System.Collections.Concurrent;
using FileSharing.Chunks;

namespace FileSharing.ClusterTests.Engine;

/// <summary>One plaintext of <see cref="Contents"/>, and its id.</summary>
internal readonly record struct JournalEntry(int Number, ChunkId Id);

/// <summary>
/// What the node has acknowledged, kept by the test: the judge of what may not be lost. A put without an answer is in doubt: it may be there or not, but never wrong.
/// Thread-safe.
/// </summary>
internal sealed class Journal
{
    private readonly ConcurrentQueue<int> inDoubt = new();
    private readonly List<JournalEntry> acknowledged = [];
    private readonly List<JournalEntry> deleted = [];
    private readonly Lock changing = new();
    private int next;

    /// <summary>Acknowledged and not deleted.</summary>
    public int Count
    {
        get
        {
            lock (changing)
            {
                return acknowledged.Count;
            }
        }
    }

    /// <summary>A number to put: one that was in doubt, or a new one.</summary>
    public int Take() => inDoubt.TryDequeue(out var again) ? again : Interlocked.Increment(ref next);

    public void Acknowledge(JournalEntry entry)
    {
        lock (changing)
        {
            acknowledged.Add(entry);
        }
    }

    public void Doubt(int number) => inDoubt.Enqueue(number);

    /// <summary>The deletion of these was acknowledged.</summary>
    public void Delete(IReadOnlySet<JournalEntry> gone)
    {
        lock (changing)
        {
            acknowledged.RemoveAll(gone.Contains);
            deleted.AddRange(gone);
        }
    }

    public JournalEntry? Random(Random random)
    {
        lock (changing)
        {
            return acknowledged.Count == 0 ? null : acknowledged[random.Next(acknowledged.Count)];
        }
    }

    /// <summary>The last so many acknowledged, in that order.</summary>
    public IReadOnlyList<JournalEntry> Last(int count)
    {
        lock (changing)
        {
            return [.. acknowledged.TakeLast(count)];
        }
    }

    public IReadOnlyList<JournalEntry> Deleted()
    {
        lock (changing)
        {
            return [.. deleted];
        }
    }
}
