using FileSharing.Cluster;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;

namespace FileSharing.ClusterTests.Engine;

/// <summary>
/// What a peer and the API ask of a node at the same time: puts, settlements, adoptions and reads, until it dies. Everything that it answers is judged at once;
/// what it acknowledges goes to the journal.
/// </summary>
internal sealed class NodeLoad(LoneNode node, Contents contents, Journal journal, Violations violations)
{
    private const int Writers = 12;
    private const int Readers = 2;
    private const int IdsPerAdoption = 16;

    /// <summary>Bounds what one life of the node adds to the volume.</summary>
    private const int PutsMax = 500;

    private int puts;

    public int Reads { get; private set; }

    /// <summary>Until the node no longer answers, or the load is stopped.</summary>
    public async Task RunAsync(int seed, CancellationToken stop)
    {
        var work = new List<Task> { AdoptAsync(new Random(seed), stop) };
        work.AddRange(Enumerable.Range(1, Writers).Select(i => WriteAsync(new Random(seed + i), stop)));
        work.AddRange(Enumerable.Range(1, Readers).Select(i => ReadAsync(new Random(seed - i), stop)));
        await Task.WhenAll(work.Select(task => Task.Run(() => task, CancellationToken.None)));
    }

    private async Task WriteAsync(Random random, CancellationToken stop)
    {
        await Task.Yield();
        while (!stop.IsCancellationRequested && Interlocked.Increment(ref puts) <= PutsMax)
        {
            var number = journal.Take();
            var (id, record) = contents.Encode(number);
            var target = node.OwnerOf(id);
            var isOwed = random.Next(2) == 0;
            using var lease = new RecordLease(new UnpooledBytes(record), record.Length);
            var put = new PutRecord(target, node.Map.Version, Epoch: 1, isOwed);
            var status = await node.Transport.PutAsync(put, lease, CancellationToken.None);
            if (!status.IsDurable())
            {
                journal.Doubt(number);
                violations.AddIf(
                    status is not (RecordStatus.Unreachable or RecordStatus.Overloaded),
                    $"put of {number} was answered {status}"
                );
                return;
            }

            journal.Acknowledge(new JournalEntry(number, id));
            if (isOwed)
            {
                await node.Transport.SettleAsync(target, node.Map.Version, [id], CancellationToken.None);
            }
        }
    }

    private async Task ReadAsync(Random random, CancellationToken stop)
    {
        await Task.Yield();
        while (!stop.IsCancellationRequested)
        {
            if (journal.Random(random) is not { } entry)
            {
                await Task.Delay(1, CancellationToken.None);
                continue;
            }

            if (await CompareAsync(entry) == FetchOutcome.Unreachable)
            {
                return;
            }

            Reads++;
        }
    }

    /// <summary>Reads one acknowledged record back; anything but its bytes is a violation, unless nobody answers.</summary>
    public async Task<FetchOutcome> CompareAsync(JournalEntry entry)
    {
        var fetched = await node.Transport.GetAsync(
            node.OwnerOf(entry.Id),
            entry.Id,
            answered: () => { },
            CancellationToken.None
        );
        using var record = fetched.Record;
        violations.AddIf(
            fetched.Outcome is FetchOutcome.Absent or FetchOutcome.Damaged,
            $"{entry.Number} is {fetched.Outcome}"
        );
        violations.AddIf(
            record is not null && !contents.IsOf(entry.Number, record.Record.Span),
            $"{entry.Number} came back wrong"
        );
        return fetched.Outcome;
    }

    private async Task AdoptAsync(Random random, CancellationToken stop)
    {
        await Task.Yield();
        for (var epoch = 2u; !stop.IsCancellationRequested; epoch++)
        {
            var asked = Enumerable.Range(0, IdsPerAdoption).Select(_ => journal.Random(random)).OfType<JournalEntry>();
            foreach (var volume in asked.Select(entry => entry.Id).Distinct().GroupBy(node.OwnerOf).ToList())
            {
                try
                {
                    var have = await node.Calls.AdoptAsync(volume.Key, epoch, [.. volume], CancellationToken.None);
                    violations.AddIf(have.Contains(false), "an adoption was refused");
                }
                catch (HttpRequestException error) when (error is not NodeCallException)
                {
                    return;
                }
            }

            await Task.Delay(5, CancellationToken.None);
        }
    }
}
