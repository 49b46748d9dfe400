namespace FileSharing.UnitTests.Simulation;

/// <summary>The canonical workloads. Each is small, since the power goes at every step of it.</summary>
internal static class Workloads
{
    /// <summary>More than two segments of the simulation hold.</summary>
    private const int ManyRecords = 30;

    public static IReadOnlyList<Workload> All { get; } =
    [
        new("single puts", null, SinglePuts),
        new("group commits", null, GroupCommits),
        new("deletes", PutMany, Deletes),
        new("notes", PutMany, Notes),
        new("sweeps and drops", PutMany, SweepsAndDrops),
        new("sweeps among adopts, puts and compaction", PutMany, BusySweeps),
        new("rebuild after sweeps", PutManyThenSweep, Nothing) { Beginning = Beginning.WithoutIndex },
        new("roll-over", null, RollOver),
        new("compaction with moves", PutManyDeleteSome, (volume, _) => volume.CompactAsync()),
        new("compaction with notes", PutManyThenNotes, (volume, _) => volume.CompactAsync()),
        new("compaction among puts, deletes and adopts", PutManyDeleteSome, BusyCompaction),
        new("many compactions", PutMany, ManyCompactions),
        new("key rotation", PutManyDeleteSome, RotateKeys),
        new("healing", PutManyDeleteSome, Heal) { IsDamaged = true },
        new("scrub", PutManyDeleteSome, Scrub) { IsDamaged = true },
        new("puts of what is there", PutMany, PutAgain),
        new("closed and opened again", PutMany, Everything) { Openings = 3 },
        new("recovery", Everything, Nothing) { Beginning = Beginning.CutOff },
        new("rebuild of the index", PutManyThenNotes, Nothing) { Beginning = Beginning.WithoutIndex },
        new("a disk that fills up", PutMany, FillUp) { SpaceBytes = 192 << 10 },
        new("everything", PutMany, Everything),
    ];

    public static Workload Of(string name) => All.Single(workload => workload.Name == name);

    private static async Task SinglePuts(SimVolume volume, Random random)
    {
        for (var record = 0; record < 8; record++)
        {
            await volume.PutAsync(record, (uint)random.Next(1, 5), owed: random.Next(3) == 0);
        }
    }

    private static async Task GroupCommits(SimVolume volume, Random random)
    {
        for (var group = 0; group < 4; group++)
        {
            await volume.PutAllAsync(Enumerable.Range(group * 6, random.Next(2, 7)));
        }
    }

    private static async Task Deletes(SimVolume volume, Random random)
    {
        for (var count = 0; count < 10; count++)
        {
            await volume.DeleteAsync(random.Next(ManyRecords));
            await volume.PutAsync(random.Next(ManyRecords));
        }
    }

    private static async Task Notes(SimVolume volume, Random random)
    {
        for (var count = 0; count < 8; count++)
        {
            await volume.PutAsync(random.Next(ManyRecords), (uint)random.Next(1, 9), owed: true);
            await volume.SettleAsync(random.Next(ManyRecords));
            await volume.AdoptAsync(random.Next(ManyRecords), (uint)random.Next(1, 9));
        }
    }

    private static async Task SweepsAndDrops(SimVolume volume, Random random)
    {
        for (var epoch = 2u; epoch < 7; epoch++)
        {
            for (var count = 0; count < 6; count++)
            {
                await volume.SweepAsync(random.Next(8), epoch, isReferred: random.Next(6) == 0);
                await volume.DropAsync(random.Next(8), epoch);
            }

            await volume.AdoptAsync(random.Next(8), epoch);
            await volume.PutAsync(random.Next(8), epoch);
        }
    }

    private static async Task BusySweeps(SimVolume volume, Random random)
    {
        var records = Enumerable.Range(0, 10).Select(_ => random.Next(6)).ToList();
        await Task.WhenAll(
            Task.Run(async () =>
            {
                for (var epoch = 2u; epoch < 6; epoch++)
                {
                    foreach (var record in records)
                    {
                        await volume.SweepAsync(record, epoch);
                        await volume.DropAsync(record, epoch);
                    }
                }
            }),
            Task.Run(async () =>
            {
                foreach (var record in records)
                {
                    await volume.AdoptAsync(record, (uint)random.Next(2, 6));
                    await volume.PutAsync(record, (uint)random.Next(2, 6));
                }
            }),
            Task.Run(() => volume.CompactAsync())
        );
    }

    private static async Task PutManyThenSweep(SimVolume volume, Random random)
    {
        await PutMany(volume, random);
        await SweepsAndDrops(volume, random);
        await volume.CompactAsync();
        await SweepsAndDrops(volume, random);
    }

    private static async Task RollOver(SimVolume volume, Random random)
    {
        for (var at = 0; at < ManyRecords; at += 3)
        {
            await volume.PutAllAsync(Enumerable.Range(at, random.Next(1, 4)));
        }
    }

    private static async Task BusyCompaction(SimVolume volume, Random random)
    {
        var ids = Enumerable.Range(0, 12).Select(_ => random.Next(ManyRecords)).ToList();
        await Task.WhenAll(
            Task.Run(() => volume.CompactAsync()),
            Task.Run(async () =>
            {
                foreach (var record in ids)
                {
                    await volume.DeleteAsync(record);
                    await volume.PutAsync(record, owed: true);
                }
            }),
            Task.Run(async () =>
            {
                foreach (var record in ids)
                {
                    await volume.AdoptAsync(record, (uint)random.Next(2, 9));
                    await volume.SettleAsync(record);
                }
            })
        );
    }

    private static async Task ManyCompactions(SimVolume volume, Random random)
    {
        for (var round = 0; round < 3; round++)
        {
            for (var count = 0; count < 6; count++)
            {
                await volume.DeleteAsync(random.Next(ManyRecords));
            }

            await volume.PutAllAsync([random.Next(ManyRecords), ManyRecords + round]);
            await volume.CompactAsync();
        }
    }

    private static async Task PutAgain(SimVolume volume, Random random)
    {
        for (var count = 0; count < 10; count++)
        {
            await volume.PutAsync(random.Next(ManyRecords), (uint)random.Next(1, 4), owed: random.Next(2) == 0);
        }
    }

    private static Task Nothing(SimVolume volume, Random random) => Task.CompletedTask;

    private static async Task Heal(SimVolume volume, Random random)
    {
        await volume.CompactAsync(deadFractionMin: 0.3);
        await volume.AdoptAsync(random.Next(ManyRecords), 7);
        await PutMany(volume, random);
        await volume.CompactAsync();
    }

    private static async Task Scrub(SimVolume volume, Random random)
    {
        await volume.ScrubAsync();
        await PutMany(volume, random);
        await volume.ScrubAsync();
    }

    private static async Task RotateKeys(SimVolume volume, Random random)
    {
        foreach (var key in SimKeys.Wrapped)
        {
            await volume.StoreKeyAsync(key);
            await volume.PutAsync(random.Next(TestRecords.Count));
            await volume.CompactAsync(deadFractionMin: 0.5, rewriteOldKeys: true);
        }
    }

    private static async Task FillUp(SimVolume volume, Random random)
    {
        for (var round = 0; round < 3; round++)
        {
            await volume.PutAllAsync(Enumerable.Range(round * 12, TestRecords.Count - (round * 12)));
            for (var count = 0; count < 10; count++)
            {
                await volume.DeleteAsync(random.Next(TestRecords.Count));
            }

            await volume.CompactAsync(deadFractionMin: 0.2);
        }
    }

    public static async Task Everything(SimVolume volume, Random random)
    {
        for (var group = 0; group < 8; group++)
        {
            var changes = new List<Task>();
            for (var count = random.Next(1, 6); count > 0; count--)
            {
                var (record, epoch, verb) = (random.Next(TestRecords.Count), (uint)random.Next(1, 9), random.Next(8));
                changes.Add(
                    Task.Run(() =>
                        verb switch
                        {
                            0 => volume.DeleteAsync(record),
                            1 => volume.AdoptAsync(record, epoch),
                            2 => volume.SettleAsync(record),
                            6 => volume.SweepAsync(record, epoch),
                            7 => volume.DropAsync(record, epoch),
                            _ => volume.PutAsync(record, epoch, owed: verb == 3),
                        }
                    )
                );
            }

            if (random.Next(4) == 0)
            {
                changes.Add(Task.Run(() => volume.CompactAsync()));
            }

            await Task.WhenAll(changes);
        }
    }

    private static Task PutMany(SimVolume volume, Random random) =>
        volume.PutAllAsync(Enumerable.Range(0, ManyRecords).Where(_ => random.Next(6) > 0));

    private static async Task PutManyDeleteSome(SimVolume volume, Random random)
    {
        await RollOver(volume, random);
        for (var count = 0; count < 8; count++)
        {
            await volume.DeleteAsync(random.Next(ManyRecords));
        }
    }

    private static async Task PutManyThenNotes(SimVolume volume, Random random)
    {
        await RollOver(volume, random);
        await Notes(volume, random);
        await Deletes(volume, random);
    }
}
