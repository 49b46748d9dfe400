using System.Globalization;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using static FileSharing.Engine.Report;

namespace FileSharing.Engine;

/// <summary>A process that writes is killed (SIGKILL), and the volume opened: how long, and that everything is there that was acknowledged.</summary>
internal static class ReopenScenario
{
    private const int Writers = 32;

    /// <summary>Chunks of the bulk: small, so that ten million of them need three and not forty GiB.</summary>
    private const int BulkBytes = 64;
    private const int BulkWriters = 256;
    private const int Bytes = 4 << 10;

    public static async Task RunAsync(Run run)
    {
        var path = run.Fresh();
        var bulk = run.Chunks[0];
        await Child.RunAsync("write-bulk", path, bulk.ToString(CultureInfo.InvariantCulture));
        foreach (var seconds in new[] { 3.0, 5.5, 8.0 })
        {
            using var child = Child.Start("write-until-killed", path);
            // It says so when the volume is open.
            await child.StandardOutput.ReadLineAsync();
            // Read all the while: a full pipe would stop the writers.
            var saying = child.StandardOutput.ReadToEndAsync();
            await Task.Delay(TimeSpan.FromSeconds(seconds));
            child.Kill();
            var said = await saying;
            await child.WaitForExitAsync();
            var begin = TimeProvider.System.GetTimestamp();
            await using var volume = await BenchVolume.OpenAsync(path);
            var took = TimeProvider.System.GetElapsedTime(begin);
            var found = volume.Store.Recovery;
            Line(
                Text($"open after SIGKILL, {seconds:F1} s into 4 KiB puts"),
                "< 2 s at 10 million",
                Text($"{took.TotalSeconds:F2} s"),
                conditions: Text(
                    $"{volume.Store.Stats().Records:N0} chunks; {found.SegmentsReplayed} segments and {found.RecordsReplayed:N0} records replayed; {LostOf(said, volume)} acknowledged lost"
                )
            );
        }

        Directory.Delete(path, recursive: true);
    }

    public static async Task WriteBulkAsync(string path, int chunks)
    {
        await using var volume = await BenchVolume.OpenAsync(path);
        await Task.WhenAll(
            Enumerable
                .Range(0, BulkWriters)
                .Select(worker =>
                    Task.Run(async () =>
                    {
                        using var putter = new Putter(volume, worker, BulkBytes);
                        for (var i = 0; i < chunks / BulkWriters; i++)
                        {
                            await putter.PutAsync();
                        }
                    })
                )
        );
    }

    /// <summary>Puts until the end, and says one id in a hundred once it is acknowledged.</summary>
    public static async Task WriteUntilKilledAsync(string path)
    {
        await using var volume = await BenchVolume.OpenAsync(path);
        var first = (int)volume.Store.Incarnation * 1_000;
        using var output = Console.OpenStandardOutput();
        await output.WriteAsync("open\n"u8.ToArray());
        await Task.WhenAll(
            Enumerable
                .Range(first, Writers)
                .Select(worker =>
                    Task.Run(async () =>
                    {
                        using var putter = new Putter(volume, worker, Bytes);
                        for (var i = 0; ; i++)
                        {
                            var id = await putter.PutAsync();
                            if (i % 100 == 0)
                            {
                                lock (output)
                                {
                                    output.Write(System.Text.Encoding.ASCII.GetBytes($"{id}\n"));
                                }
                            }
                        }
                    })
                )
        );
    }

    private static int LostOf(string said, BenchVolume volume) =>
        said.Split('\n')
            .Where(line => line.Length == 2 * ChunkId.Bytes)
            .Count(line => !volume.Store.Has(new ChunkId(Convert.FromHexString(line))));
}
