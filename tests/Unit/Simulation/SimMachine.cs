namespace FileSharing.UnitTests.Simulation;

/// <summary>A disk and an index with the power on, from an image. A volume may be opened on it, closed, and opened again.</summary>
internal sealed class SimMachine(DiskImage image, Trace trace, DiskFaults? faults = null)
{
    public Trace Trace => trace;

    public SimDisk Disk { get; } = new(image, trace, faults ?? new DiskFaults());

    public SimIndex Index { get; } = new(trace, image.Index);
}
