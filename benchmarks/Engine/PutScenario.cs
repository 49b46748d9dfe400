using static FileSharing.Engine.Report;

namespace FileSharing.Engine;

/// <summary>Durable puts of bytes that do not compress, with SHA-256, the trial of compression, and sealing.</summary>
internal static class PutScenario
{
    private const int Large = 4 << 20;
    private const int Small = 4 << 10;

    public static async Task LargeAsync(Run run)
    {
        await LargeAsync(run, writers: 8, goal: 0.80);
        await LargeAsync(run, writers: 1, goal: 0.35);
    }

    public static async Task SmallAsync(Run run)
    {
        await SmallAsync(run, writers: 32, goalPerSecond: 30_000, goalOverhead: null);
        await SmallAsync(run, writers: 16, goalPerSecond: null, goalOverhead: 1.08);
        await SmallAsync(run, writers: 4, goalPerSecond: null, goalOverhead: 1.30);
    }

    private static async Task LargeAsync(Run run, int writers, double goal)
    {
        var measured = await MeasureAsync(run, writers, Large);
        var raw = await Fio.WriteBatchesAsync(run.Data, measured.BatchBytes, run.Seconds);
        var rate = measured.Rate.BytesPerSecond(Large);
        Line(
            $"put 4 MiB, {writers} writers",
            Text($"≥ {goal:P0} of fio"),
            Text($"{rate / (1 << 20):F0} MiB/s"),
            Text($"{raw / (1 << 20):F0} MiB/s"),
            Text($"{rate / raw:P0}"),
            Text($"batches of {measured.BatchBytes / 1048576.0:F1} MiB, given to fio as its block")
        );
        Line(
            $"put 4 MiB, {writers} writers, CPU",
            "≤ 1.2 CPU-s/GiB",
            Text($"{measured.Rate.CpuSecondsPerGibibyte(Large):F2} CPU-s/GiB"),
            conditions: "SHA-256, trial of compression, AES-256-GCM, four checksums, loop"
        );
    }

    private static async Task SmallAsync(Run run, int writers, int? goalPerSecond, double? goalOverhead)
    {
        var measured = await MeasureAsync(run, writers, Small);
        var raw = await Fio.WriteBatchesAsync(run.Data, measured.BatchBytes, run.Seconds);
        var batches = measured.Rate.BytesPerSecond(Small) / (measured.RecordsPerBatch * Small);
        Line(
            $"put 4 KiB, {writers} writers",
            goalPerSecond is { } wanted ? Text($"≥ {wanted:N0}/s") : "–",
            Text($"{measured.Rate.PerSecond:N0}/s"),
            Text($"{raw / measured.BatchBytes:N0} batches/s"),
            Text($"{batches / (raw / measured.BatchBytes):P0}"),
            Text(
                $"{measured.RecordsPerBatch:F1} records a batch; {measured.Rate.CpuSeconds / measured.Rate.Operations * 1e6:F1} CPU-µs a put"
            )
        );
        Line(
            $"put 4 KiB, {writers} writers, disk bytes",
            goalOverhead is { } limit ? Text($"≤ {limit:F2} × the record") : "–",
            Text($"{measured.DiskBytes / (double)measured.RecordBytes:F3} × the record"),
            conditions: Text(
                $"{measured.DiskBytes / ((double)measured.Records * Small):F3} × the plaintext; record of {measured.RecordBytes / measured.Records} B"
            )
        );
    }

    private static async Task<Measured> MeasureAsync(Run run, int writers, int bytes)
    {
        var path = run.Fresh();
        var putters = new List<Putter>();
        Rate rate;
        double batchBytes;
        double perBatch;
        long puts = 0;
        await using (var volume = await BenchVolume.OpenAsync(path))
        {
            putters.AddRange(Enumerable.Range(0, writers).Select(worker => new Putter(volume, worker, bytes)));
            await Loop.RunAsync(writers, run.WarmUpSeconds, PutAsync);
            var before = (volume.Store.Stats().Batches, RecordBytes: putters.Sum(putter => putter.RecordBytes));
            rate = await Loop.RunAsync(writers, run.Seconds, PutAsync);
            var batches = volume.Store.Stats().Batches - before.Batches;
            batchBytes = (putters.Sum(putter => putter.RecordBytes) - before.RecordBytes) / (double)batches;
            perBatch = rate.Operations / (double)batches;
            putters.ForEach(putter => putter.Dispose());
        }

        // Closed: the segment is trimmed and the index flushed.
        var diskBytes = Directory
            .EnumerateFiles(path, "*", SearchOption.AllDirectories)
            .Sum(file => new FileInfo(file).Length);
        Directory.Delete(path, recursive: true);
        const long block = 4096;
        return new Measured(
            rate,
            ((long)batchBytes + block - 1) / block * block,
            perBatch,
            diskBytes,
            putters.Sum(putter => putter.RecordBytes),
            puts
        );

        async Task PutAsync(int worker)
        {
            await putters[worker].PutAsync();
            Interlocked.Increment(ref puts);
        }
    }

    /// <param name="Rate">Puts.</param>
    /// <param name="BatchBytes">A mean batch, in whole blocks.</param>
    /// <param name="RecordsPerBatch">In the mean.</param>
    /// <param name="DiskBytes">All files after the close.</param>
    /// <param name="RecordBytes">All records as encoded.</param>
    /// <param name="Records">With those of the warm-up.</param>
    private sealed record Measured(
        Rate Rate,
        long BatchBytes,
        double RecordsPerBatch,
        long DiskBytes,
        long RecordBytes,
        long Records
    );
}
