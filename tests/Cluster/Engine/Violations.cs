namespace FileSharing.ClusterTests.Engine;

/// <summary>What must not be and was. Thread-safe.</summary>
internal sealed class Violations
{
    private readonly List<string> all = [];

    public bool Any
    {
        get
        {
            lock (all)
            {
                return all.Count > 0;
            }
        }
    }

    public void AddIf(bool isViolation, string what)
    {
        if (isViolation)
        {
            lock (all)
            {
                all.Add(what);
            }
        }
    }

    /// <summary>The first few, and how many there are.</summary>
    public override string ToString()
    {
        const int shown = 10;
        lock (all)
        {
            return $"{all.Count} violation(s): {string.Join("; ", all.Take(shown))}";
        }
    }
}
