using System.CommandLine;
using System.Globalization;
using FileSharing.BlobEngine;

namespace FileSharing.StorageNode.Offline;

/// <summary><c>storage-node rebuild-index DIRECTORY…</c></summary>
internal static class RebuildIndexVerb
{
    public static Command Create()
    {
        var directories = OfflineVerbs.Directories();
        var fromBatches = new Option<bool>("--from-batches")
        {
            Description =
                "Read everything that is stored, instead of trusting the directories at the ends of the segments.",
        };
        var command = new Command("rebuild-index", "Build the index of volumes anew from their segments.")
        {
            directories,
            fromBatches,
        };
        command.SetAction(
            async (args, stop) =>
            {
                var rebuild = args.GetValue(fromBatches) ? IndexRebuild.FromBatches : IndexRebuild.FromDirectories;
                var exit = OfflineVerbs.ExitOk;
                foreach (var path in VolumeSearch.Find(args.GetRequiredValue(directories)))
                {
                    exit = Math.Max(exit, await RunAsync(path, rebuild, stop));
                }

                return exit;
            }
        );
        return command;
    }

    private static async Task<int> RunAsync(string path, IndexRebuild rebuild, CancellationToken stop)
    {
        var time = TimeProvider.System;
        var began = time.GetTimestamp();
        var progress = new VolumeProgress(path, time);
        var report = await IndexRebuilder.RunAsync(path, rebuild, new DirectDisk(), time, progress, stop);
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{path}: {report.RecordsReplayed} records of {report.SegmentsReplayed} segments in {time.GetElapsedTime(began).TotalSeconds:F1} s"
            )
        );
        foreach (var place in report.Damage)
        {
            Console.WriteLine(
                $"{path}: segment {place.Segment} is damaged from {place.Offset} on, {place.Bytes} bytes"
            );
        }

        return report.Damage.Count == 0 ? OfflineVerbs.ExitOk : OfflineVerbs.ExitDamaged;
    }
}
