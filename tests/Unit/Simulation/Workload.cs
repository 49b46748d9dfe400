namespace FileSharing.UnitTests.Simulation;

/// <summary>How a volume is found when a workload begins.</summary>
internal enum Beginning
{
    Closed,

    /// <summary>As a power cut left it in the middle of what was prepared.</summary>
    CutOff,

    /// <summary>As <see cref="CutOff"/>, and the index is gone.</summary>
    WithoutIndex,
}

/// <summary>Something that is done with a volume, and recorded.</summary>
/// <param name="Name">In a failure it says what to repeat.</param>
/// <param name="Prepare">Done first, without cuts; what it leaves is where the trace begins.</param>
/// <param name="Work">Done between an opening and a close, both of which are part of the trace.</param>
internal sealed record Workload(string Name, Func<SimVolume, Random, Task>? Prepare, Func<SimVolume, Random, Task> Work)
{
    public Beginning Beginning { get; init; }

    /// <summary>Whether the disk has damaged a record of it before it begins.</summary>
    public bool IsDamaged { get; init; }

    /// <summary>How often it is opened, worked with, and closed.</summary>
    public int Openings { get; init; } = 1;

    /// <summary>Size of the disk.</summary>
    public long SpaceBytes { get; init; } = 1L << 40;
}
