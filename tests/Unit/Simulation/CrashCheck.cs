namespace FileSharing.UnitTests.Simulation;

/// <summary>Opens disks that power cuts have left, looks at what is there, and may go on until the power goes again.</summary>
internal sealed class CrashCheck
{
    /// <summary>Disks opened and looked through.</summary>
    public int States { get; private set; }

    public async Task RunAsync(Recording recording, CrashWalk walk, int position, Survival survival)
    {
        var disk = walk.Crash(survival);
        await OpenAsync(disk, walk.Oracle, new Trace(), () => recording.At(position, survival), work: null);
    }

    /// <summary>As <see cref="RunAsync"/>, by chance; then perhaps some work, and the same again from a cut at any step of this opening.</summary>
    /// <param name="recording">What went before.</param>
    /// <param name="position">Where the power goes in it.</param>
    /// <param name="random">All choices.</param>
    /// <param name="further">How many more cuts may follow.</param>
    /// <param name="told">How the cuts before this one went.</param>
    public async Task RunAsync(Recording recording, int position, Random random, int further, string told = "")
    {
        var walk = recording.WalkTo(position);
        var survival = Survival.Random(random.Next(), isBySector: random.Next(2) == 0);
        var disk = walk.Crash(survival);
        var again = new Recording(recording.Name, recording.Seed, disk, walk.Oracle.AfterCrash(), new Trace());
        string Tell() => $"{recording.At(position, survival)}\n{told}";
        await OpenAsync(
            disk,
            walk.Oracle,
            again.Trace,
            Tell,
            random.Next(3) == 0 ? volume => Workloads.Everything(volume, random) : null
        );
        if (further > 0)
        {
            await RunAsync(again, random.Next(again.Trace.Events.Count + 1), random, further - 1, Tell());
        }
    }

    private async Task OpenAsync(
        DiskImage disk,
        Oracle oracle,
        Trace trace,
        Func<string> tell,
        Func<SimVolume, Task>? work
    )
    {
        States++;
        try
        {
            await using var volume = await SimVolume.OpenAsync(new SimMachine(disk, trace));
            var wrong = await Verdict.OfAsync(volume, oracle);
            Assert.True(wrong.Count == 0, $"{string.Join("; ", wrong)}\n{tell()}");
            volume.Observe();
            if (work is not null)
            {
                await work(volume);
            }
        }
        catch (IOException error)
        {
            Assert.Fail($"the volume does not open: {error}\n{tell()}");
        }
    }
}
