namespace FileSharing.UnitTests.Simulation;

/// <summary>A workload as it went once: the disk that it began with, what was known of it, and all that happened.</summary>
internal sealed record Recording(string Name, int Seed, DiskImage Start, Oracle Known, Trace Trace)
{
    /// <param name="workload">What is done.</param>
    /// <param name="seed">Of its choices.</param>
    /// <param name="faults">What the disk refuses while it is done; a failure of the disk ends it.</param>
    public static async Task<Recording> OfAsync(Workload workload, int seed, DiskFaults? faults = null)
    {
        var random = new Random(seed);
        faults ??= new DiskFaults();
        faults.SpaceBytes = Math.Min(faults.SpaceBytes, workload.SpaceBytes);
        var recording = new Recording(workload.Name, seed, DiskImage.Empty, new Oracle(), new Trace());
        if (workload.Prepare is not null)
        {
            await recording.RunAsync(workload.Prepare, openings: 1, random, new DiskFaults());
            var (start, known) = recording.End(workload.Beginning, random);
            if (workload.IsDamaged)
            {
                (start, var record) = Place.DamageRecord(start, random);
                known = known.WithDamaged(record);
            }

            recording = new Recording(workload.Name, seed, start, known, new Trace());
        }

        await recording.RunAsync(workload.Work, workload.Openings, random, faults);
        return recording;
    }

    public CrashWalk Walk() => new(Start, Known.AfterCrash());

    /// <summary>The walk up to this place.</summary>
    public CrashWalk WalkTo(int position)
    {
        var walk = Walk();
        for (var at = 0; at < position; at++)
        {
            walk.Step(Trace.Events[at]);
        }

        return walk;
    }

    /// <summary>How to find a place of it again.</summary>
    public string At(int position, Survival survival) =>
        $"workload '{Name}', seed {Seed}, cut after event {position} of {Trace.Events.Count}, kept: {survival}\n{Trace.Describe(position)}";

    /// <summary>The disk and the knowledge with which something else may begin.</summary>
    private (DiskImage Disk, Oracle Known) End(Beginning beginning, Random random)
    {
        var end = Trace.Events.Count;
        var walk = WalkTo(beginning == Beginning.Closed ? end : random.Next(end / 2, end));
        var survival =
            beginning == Beginning.Closed ? Survival.Nothing()
            : beginning == Beginning.WithoutIndex ? Survival.Everything(hasNoIndex: true)
            : Survival.Random(random.Next(), isBySector: true);
        return (walk.Crash(survival), walk.Oracle.AfterCrash());
    }

    private async Task RunAsync(Func<SimVolume, Random, Task> work, int openings, Random random, DiskFaults faults)
    {
        var machine = new SimMachine(Start, Trace, faults);
        var isOpen = false;
        try
        {
            for (var opening = 0; opening < openings; opening++)
            {
                isOpen = false;
                await using var volume = await SimVolume.OpenAsync(machine);
                isOpen = true;
                await work(volume, random);
            }
        }
        catch (IOException) when (faults.HasFailed && !(faults.IsNoSpace && isOpen))
        {
            // A broken disk ends the work, and an opening needs some space; what is left is the matter here.
        }
    }
}
