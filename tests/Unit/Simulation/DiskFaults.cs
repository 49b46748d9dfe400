namespace FileSharing.UnitTests.Simulation;

/// <summary>What a disk refuses while the power is on.</summary>
internal sealed class DiskFaults
{
    private const int ErrorIo = 5;
    private const int ErrorNoSpace = 28;

    private int operations;

    /// <summary>Size of the disk.</summary>
    public long SpaceBytes { get; set; } = 1L << 40;

    /// <summary>The change or sync of this number fails once, counted from 1; 0 for none.</summary>
    public int FailAt { get; set; }

    /// <summary>Whether it fails for want of space; else as a broken disk.</summary>
    public bool IsNoSpace { get; init; }

    /// <summary>A page of a file that cannot be read.</summary>
    public (string Path, long Offset)? Unreadable { get; init; }

    public bool HasFailed { get; private set; }

    /// <summary>The next that can fail does, or the one so many after it.</summary>
    public void FailNext(int after = 0) => FailAt = operations + 1 + after;

    public static IOException NoSpace() => new("injected: no space", ErrorNoSpace);

    public static IOException Broken() => new("injected: the disk fails", ErrorIo);

    /// <returns>What to throw; null when all is well. For want of space only what needs some can fail.</returns>
    public IOException? Next(bool needsSpace)
    {
        if ((IsNoSpace && !needsSpace) || ++operations != FailAt)
        {
            return null;
        }

        HasFailed = true;
        return IsNoSpace ? NoSpace() : Broken();
    }
}
