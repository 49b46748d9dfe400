using System.CommandLine;
using System.Globalization;
using FileSharing.BlobEngine;
using FileSharing.Cluster.Hosting;
using Microsoft.Extensions.Configuration;

namespace FileSharing.StorageNode.Offline;

/// <summary><c>storage-node export DIRECTORY… --to DIRECTORY</c></summary>
internal static class ExportVerb
{
    private const string ListName = "export.tsv";
    private const string Section = "export";

    public static Command Create()
    {
        var directories = OfflineVerbs.Directories();
        var to = new Option<string>("--to")
        {
            Description = "Where the files go: an empty directory, with room for the plaintext.",
            HelpName = "DIRECTORY",
            Required = true,
        };
        var rootKeyFile = new Option<string?>("--root-key-file")
        {
            Description = "File with the root key; needed when the volumes are encrypted, as they are by default.",
            HelpName = "FILE",
        };
        var rootKeyCommand = new Option<string?>("--root-key-command")
        {
            Description = "Command that prints the root key, instead of a file.",
            HelpName = "COMMAND",
        };
        var command = new Command(
            "export",
            "Write everything that volumes hold as plain files, with nothing but their disks and the root key. Reads only."
        )
        {
            directories,
            to,
            rootKeyFile,
            rootKeyCommand,
        };
        command.SetAction(
            async (args, stop) =>
                await RunAsync(
                    VolumeSearch.Find(args.GetRequiredValue(directories)),
                    Path.GetFullPath(args.GetRequiredValue(to)),
                    RootKey(args.GetValue(rootKeyFile), args.GetValue(rootKeyCommand)),
                    stop
                )
        );
        return command;
    }

    private static async Task<int> RunAsync(
        IReadOnlyList<string> paths,
        string output,
        RootKeySource? rootKeySource,
        CancellationToken stop
    )
    {
        if (Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).Any())
        {
            throw new SettingException("--to", $"{output} is not empty; name an empty or a new directory.");
        }

        var scratch = Directory.CreateDirectory(Path.Combine(output, ".scratch")).FullName;
        using var rootKey = rootKeySource is null ? null : await rootKeySource.ReadAsync(stop);
        using var keys = new DataKeys(rootKey, []);
        var volumes = new List<OfflineVolume>();
        try
        {
            foreach (var path in paths)
            {
                volumes.Add(Open(path, Path.Combine(scratch, $"{volumes.Count}"), keys, stop));
            }

            return await ExportAsync(volumes, output, stop);
        }
        catch (BlobException error) when (error.Error == BlobError.UnknownKey)
        {
            throw new SettingException("--root-key-file", "is needed: these volumes are encrypted.");
        }
        finally
        {
            volumes.ForEach(volume => volume.Dispose());
            Directory.Delete(scratch, recursive: true);
        }
    }

    /// <summary>By the same rules as the settings of a process: a closed file, or a command, not both.</summary>
    private static RootKeySource? RootKey(string? file, string? command) =>
        RootKeySource.From(
            new ConfigurationBuilder()
                .AddInMemoryCollection(
                    new Dictionary<string, string?>
                    {
                        [$"{Section}:RootKeyFile"] = file,
                        [$"{Section}:RootKeyCommand"] = command,
                    }
                )
                .Build()
                .GetSection(Section)
        );

    private static OfflineVolume Open(string path, string scratch, DataKeys keys, CancellationToken stop)
    {
        var progress = new VolumeProgress(path, TimeProvider.System);
        var volume = OfflineVolume.Open(path, scratch, keys, new DirectDisk(isReadOnly: true), progress, stop);
        foreach (var place in volume.Damage)
        {
            Console.Error.WriteLine(
                $"{path}: segment {place.Segment} is damaged from {place.Offset} on, {place.Bytes} bytes"
            );
        }

        return volume;
    }

    private static async Task<int> ExportAsync(List<OfflineVolume> volumes, string output, CancellationToken stop)
    {
        var lines = new ProgressLines(TimeProvider.System);
        await using var list = new StreamWriter(Path.Combine(output, ListName), append: false);
        var export = new VolumeExport(volumes, output, list)
        {
            OnProgress = sofar =>
                lines.Say(
                    () => $"{output}: {sofar.Files + sofar.Chunks} written, {sofar.Bytes >> 20} MiB",
                    isLast: false
                ),
        };
        var report = await export.RunAsync(stop);
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"Exported {report.Files} files of several chunks and {report.Chunks} single chunks, {report.Bytes} bytes, to {output}; {report.Incomplete} are incomplete"
            )
        );
        return report.Incomplete == 0 ? OfflineVerbs.ExitOk : OfflineVerbs.ExitDamaged;
    }
}
