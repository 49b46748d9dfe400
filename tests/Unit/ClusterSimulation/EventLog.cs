using System.Globalization;

namespace FileSharing.UnitTests.ClusterSimulation;

/// <summary>What happened, as one number, to see whether two runs were the same; and the last of it in words, for who has to find out why a run failed.</summary>
internal sealed class EventLog
{
    private const int KeptMax = 400;

    private readonly Queue<(long At, string What, long From, long To)> last = new();

    /// <summary>FNV-1a over all events.</summary>
    public ulong Hash { get; private set; } = 14_695_981_039_346_656_037;

    public long Count { get; private set; }

    public void Add(long at, string what, long from, long to)
    {
        Count++;
        Mix((ulong)at);
        Mix((ulong)from);
        Mix((ulong)to);
        foreach (var letter in what)
        {
            Mix(letter);
        }

        if (last.Count == KeptMax)
        {
            last.Dequeue();
        }

        last.Enqueue((at, what, from, to));
    }

    public string Describe() =>
        string.Join(
            '\n',
            last.Select(e =>
                string.Create(CultureInfo.InvariantCulture, $"{TimeSpan.FromTicks(e.At):c} {e.What} {e.From} {e.To}")
            )
        );

    private void Mix(ulong value) => Hash = unchecked((Hash ^ value) * 1_099_511_628_211);
}
