using FileSharing.BlobEngine;
using static FileSharing.Engine.Report;

namespace FileSharing.Engine;

/// <summary>The whole index from the segments, from every batch and from the directories, and a scrub of everything, beside a sequential read of the same files.</summary>
internal static class RebuildScenario
{
    private const int Writers = 8;
    private const long VolumeBytes = 4L << 30;

    public static async Task RunAsync(Run run)
    {
        await RunAsync(run, "1 MiB", 1 << 20);
        await RunAsync(run, "64 KiB", 64 << 10);
        await RunAsync(run, "4 KiB", 4 << 10);
    }

    private static async Task RunAsync(Run run, string size, int bytes)
    {
        var path = run.Fresh();
        await FillAsync(path, bytes);
        var raw = await Fio.ReadSequentialAsync(SegmentsOf(path));
        await RebuildAsync(path, size, raw, IndexRebuild.FromBatches, "from every batch", "≥ 70 % of fio");
        await RebuildAsync(path, size, raw, IndexRebuild.FromDirectories, "from directories", "–");
        await ScrubAsync(path, size, raw);
        Directory.Delete(path, recursive: true);
    }

    private static async Task FillAsync(string path, int bytes)
    {
        await using var volume = await BenchVolume.OpenAsync(path);
        await Task.WhenAll(
            Enumerable
                .Range(0, Writers)
                .Select(worker =>
                    Task.Run(async () =>
                    {
                        using var putter = new Putter(volume, worker, bytes);
                        while (putter.RecordBytes < VolumeBytes / Writers)
                        {
                            await putter.PutAsync();
                        }
                    })
                )
        );
    }

    private static async Task RebuildAsync(
        string path,
        string size,
        double raw,
        IndexRebuild rebuild,
        string how,
        string goal
    )
    {
        var time = TimeProvider.System;
        var began = time.GetTimestamp();
        var cpuBefore = Environment.CpuUsage.TotalTime;
        var report = await IndexRebuilder.RunAsync(path, rebuild, new DirectDisk(), time, null, CancellationToken.None);
        var seconds = time.GetElapsedTime(began).TotalSeconds;
        Say($"rebuild, chunks of {size}, {how}", goal, path, seconds, raw, cpuBefore, report.RecordsReplayed);
    }

    private static async Task ScrubAsync(string path, string size, double raw)
    {
        await using var volume = await BenchVolume.OpenAsync(path);
        var time = TimeProvider.System;
        var began = time.GetTimestamp();
        var cpuBefore = Environment.CpuUsage.TotalTime;
        var everything = new ScrubOptions(TimeSpan.Zero, TimeSpan.Zero);
        var report = await volume.Store.ScrubAsync(everything, progress: null, CancellationToken.None);
        var seconds = time.GetElapsedTime(began).TotalSeconds;
        if (report.Damaged + report.IndexMismatches > 0)
        {
            throw new InvalidOperationException($"The scrub found damage: {report}");
        }

        Say($"scrub, chunks of {size}, with the index", "–", path, seconds, raw, cpuBefore, report.Records);
    }

    private static void Say(
        string figure,
        string goal,
        string path,
        double seconds,
        double raw,
        TimeSpan cpuBefore,
        long records
    )
    {
        var bytes = SegmentsOf(path).Sum(segment => new FileInfo(segment).Length);
        var cpu = (Environment.CpuUsage.TotalTime - cpuBefore).TotalSeconds;
        Line(
            figure,
            goal,
            Text($"{bytes / seconds / (1 << 20):F0} MiB/s"),
            Text($"{raw / (1 << 20):F0} MiB/s"),
            Text($"{bytes / seconds / raw:P0}"),
            Text($"{records:N0} records in {seconds:F1} s, {cpu / (bytes / (double)(1 << 30)):F2} CPU-s/GiB")
        );
    }

    private static IReadOnlyList<string> SegmentsOf(string path) =>
        [.. Directory.EnumerateFiles(Path.Combine(path, "segments")).Order(StringComparer.Ordinal)];
}
