using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace FileSharing.Load;

/// <summary>What the disk gives without the product: fio reads and writes one file at once, half and half, O_DIRECT.</summary>
internal static class MixedDisk
{
    private const string FileName = "fio-mixed.bin";
    private const long FileBytes = 4L << 30;

    /// <param name="directory">On the file system to measure.</param>
    /// <returns>Bytes a second that are written; as many are read at the same time.</returns>
    public static async Task<double> MeasureAsync(string directory, TimeSpan duration)
    {
        var path = Path.Combine(directory, FileName);
        try
        {
            string[] arguments =
            [
                $"--name=mixed --output-format=json --filename={path} --size={FileBytes} --rw=rw --rwmixread=50",
                "--bs=1M --direct=1 --ioengine=libaio --iodepth=8 --time_based",
                string.Create(CultureInfo.InvariantCulture, $"--runtime={duration.TotalSeconds}"),
            ];
            var start = new ProcessStartInfo("fio", string.Join(' ', arguments)) { RedirectStandardOutput = true };
            using var process = Process.Start(start)!;
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            return process.ExitCode == 0
                ? JsonDocument
                    .Parse(output)
                    .RootElement.GetProperty("jobs")[0]
                    .GetProperty("write")
                    .GetProperty("bw_bytes")
                    .GetDouble()
                : throw new InvalidOperationException($"fio failed: {output}");
        }
        finally
        {
            File.Delete(path);
        }
    }
}
