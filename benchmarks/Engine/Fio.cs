using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace FileSharing.Engine;

/// <summary>The same disk without the engine: fio on the same file system, O_DIRECT.</summary>
internal static class Fio
{
    private const string FileName = "fio.bin";

    /// <summary>Writes a fresh file, one write and one fdatasync a batch.</summary>
    /// <returns>Bytes a second.</returns>
    public static async Task<double> WriteBatchesAsync(string directory, long batchBytes, double seconds)
    {
        var path = Path.Combine(directory, FileName);
        try
        {
            // Not time_based: that would go round and overwrite, and the engine never writes a place twice.
            using var result = await RunAsync(
                $"--filename={path} --rw=write --direct=1 --ioengine=psync --bs={batchBytes} --fdatasync=1",
                $"--fallocate=native --size={batchBytes * 20_000} --io_size={Math.Min(batchBytes * 20_000, 12L << 30)}",
                string.Create(CultureInfo.InvariantCulture, $"--runtime={seconds}")
            );
            return Job(result).GetProperty("write").GetProperty("bw_bytes").GetDouble();
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Random reads of 4 KiB from these files at this depth.</summary>
    /// <returns>Reads a second.</returns>
    public static async Task<double> ReadRandomAsync(IReadOnlyList<string> paths, int depth, double seconds)
    {
        using var result = await RunAsync(
            $"--filename={string.Join(':', paths)} --rw=randread --direct=1 --ioengine=libaio --bs=4096",
            $"--iodepth={depth} --time_based",
            string.Create(CultureInfo.InvariantCulture, $"--runtime={seconds}")
        );
        return Job(result).GetProperty("read").GetProperty("iops").GetDouble();
    }

    /// <summary>Reads these files from end to end, 4 MiB at a time.</summary>
    /// <returns>Bytes a second.</returns>
    public static async Task<double> ReadSequentialAsync(IReadOnlyList<string> paths)
    {
        using var result = await RunAsync(
            $"--filename={string.Join(':', paths)} --rw=read --direct=1 --ioengine=psync --bs=4M --file_service_type=sequential"
        );
        return Job(result).GetProperty("read").GetProperty("bw_bytes").GetDouble();
    }

    private static JsonElement Job(JsonDocument result) => result.RootElement.GetProperty("jobs")[0];

    private static async Task<JsonDocument> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("fio", $"--name=raw --output-format=json {string.Join(' ', arguments)}")
        {
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? JsonDocument.Parse(output)
            : throw new InvalidOperationException($"fio failed: {output}");
    }
}
