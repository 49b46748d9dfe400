using System.Globalization;

namespace FileSharing.Engine;

/// <summary>What the kernel counts for this process.</summary>
internal static class Proc
{
    /// <summary>Bytes that this process has made the disk read, past the page cache or into it.</summary>
    public static long DiskReadBytes => Number("/proc/self/io", "read_bytes:");

    public static long ResidentBytes => Number("/proc/self/status", "VmRSS:") << 10;

    public static long PeakResidentBytes => Number("/proc/self/status", "VmHWM:") << 10;

    /// <summary>The peak begins anew at what is resident now.</summary>
    public static void ResetPeak() => File.WriteAllText("/proc/self/clear_refs", "5");

    private static long Number(string path, string name)
    {
        var line = File.ReadLines(path).First(line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(
            line[name.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(),
            CultureInfo.InvariantCulture
        );
    }
}
