namespace FileSharing.UnitTests.Simulation;

/// <summary>Which of the things that were not durable reached the disk before the power went. Its text is enough to have it again.</summary>
internal sealed class Survival
{
    private readonly Kind kind;
    private readonly int number;
    private readonly Random random;
    private int applied;
    private FileChange? last;

    private Survival(Kind kind, int number, int index, bool hasNoIndex)
    {
        this.kind = kind;
        this.number = number;
        Index = index;
        HasNoIndex = hasNoIndex;
        random = new Random(number);
    }

    private enum Kind
    {
        Nothing,
        Everything,
        FirstChanges,
        TornLast,
        Sectors,
        Pages,
    }

    /// <summary>Which state of the index is found, of those that may be, counted from the durable one.</summary>
    public int Index { get; }

    /// <summary>The index is gone with all that was durable in it.</summary>
    public bool HasNoIndex { get; }

    public static Survival Nothing(int index = 0, bool hasNoIndex = false) => new(Kind.Nothing, 0, index, hasNoIndex);

    public static Survival Everything(int index = int.MaxValue, bool hasNoIndex = false) =>
        new(Kind.Everything, 0, index, hasNoIndex);

    /// <summary>The first changes of each file and directory, and no more.</summary>
    public static Survival FirstChanges(int count, int index) => new(Kind.FirstChanges, count, index, false);

    /// <summary>Everything, but of the last write only so many bytes.</summary>
    public static Survival TornLast(int bytes, int index) => new(Kind.TornLast, bytes, index, false);

    /// <summary>Any sectors of 512 bytes, or any pages of 4 KiB, of any write, in no order; of each directory the first few changes, or any.</summary>
    public static Survival Random(int seed, bool isBySector)
    {
        var choice = new Random(seed);
        return new(isBySector ? Kind.Sectors : Kind.Pages, seed, choice.Next(64), choice.Next(12) == 0);
    }

    public int IndexAmong(int count) => kind is Kind.Sectors or Kind.Pages ? Index % count : Math.Min(Index, count - 1);

    /// <param name="lastChange">The change under way when the power went, if it was one.</param>
    public void Begin(FileChange? lastChange) => (last, applied) = (lastChange, 0);

    public IEnumerable<NameChange> OfNames(List<NameChange> changes) =>
        kind switch
        {
            Kind.Nothing => [],
            Kind.Everything or Kind.TornLast => changes,
            Kind.FirstChanges => changes.Take(number),
            Kind.Pages => changes.Take(random.Next(changes.Count + 1)),
            _ => changes.Where(_ => random.Next(2) == 0),
        };

    public void Apply(FileChange change, SimFile file)
    {
        switch (kind)
        {
            case Kind.Everything:
            case Kind.FirstChanges when applied++ < number:
            case Kind.TornLast when change != last:
                ApplyWhole(change, file);
                break;
            case Kind.TornLast when change is Written write:
                file.Write(write.Bytes[..Math.Min(number, write.Bytes.Length)], write.Offset);
                break;
            case Kind.Sectors:
                ApplyPart(change, file, 512);
                break;
            case Kind.Pages:
                ApplyPart(change, file, SimFile.PageBytes);
                break;
            default:
                break;
        }
    }

    public static void ApplyWhole(FileChange change, SimFile file)
    {
        if (change is Written write)
        {
            file.Write(write.Bytes, write.Offset);
        }
        else
        {
            file.SetLength(((Resized)change).Length);
        }
    }

    private void ApplyPart(FileChange change, SimFile file, int unit)
    {
        // Whole writes too, often: a state of nothing but ruins says little.
        var whole = random.Next(4);
        if (change is not Written write || whole < 2)
        {
            if (whole != 0)
            {
                ApplyWhole(change, file);
            }

            return;
        }

        for (var at = 0; at < write.Bytes.Length; at += unit)
        {
            if (random.Next(2) == 0)
            {
                file.Write(write.Bytes.Slice(at, Math.Min(unit, write.Bytes.Length - at)), write.Offset + at);
            }
        }
    }

    public override string ToString() => $"{kind} {number}, index {(HasNoIndex ? "missing" : Index)}";
}
