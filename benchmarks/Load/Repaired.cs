using System.Globalization;
using System.Text.Json;

namespace FileSharing.Load;

/// <summary>One repair, from the loss of a volume until three copies of everything are verified.</summary>
/// <param name="expected">Records of the volume before it was lost.</param>
internal sealed class Repaired(long expected)
{
    private readonly long lostAt = TimeProvider.System.GetTimestamp();
    private readonly List<(TimeSpan At, long Bytes)> grown = [];
    private VolumeFigures? last;
    private TimeSpan took;
    private TimeSpan filling;
    private double cpuSeconds;

    /// <summary>Lines of a table: what health said, and what there was.</summary>
    public List<string> Samples { get; } = [];

    /// <summary>The volume has everything; health may not have seen it yet.</summary>
    public bool HasAll => last?.Records >= expected;

    /// <summary>Takes one answer of /health/cluster.</summary>
    public void Look(JsonElement health, VolumeFigures? volume)
    {
        last = volume ?? last;
        var at = TimeProvider.System.GetElapsedTime(lostAt);
        grown.Add((at, volume?.Bytes ?? 0));
        var moves = health.GetProperty("moves");
        Samples.Add(
            string.Create(
                CultureInfo.InvariantCulture,
                $"| {at.TotalSeconds:F1} | {health.GetProperty("under_replicated")} | {health.GetProperty("evidence_age_seconds").GetDouble():F1} | {expected - (volume?.Records ?? 0)} | {moves.GetProperty("bytes_left").GetInt64() / 1e9:F2} | {moves.GetProperty("estimate_seconds").GetDouble():F0} |"
            )
        );
    }

    /// <param name="cpu">Of all server processes, since the volume began to be filled.</param>
    /// <param name="since">How long ago that was.</param>
    public void Ended(double cpu, TimeSpan since)
    {
        took = TimeProvider.System.GetElapsedTime(lostAt);
        cpuSeconds = cpu;
        filling = since;
    }

    /// <param name="raw">Bytes a second that fio wrote while it read as many.</param>
    /// <param name="idle">CPU-seconds a second of the server processes under the same reads without a repair.</param>
    public string Line(string name, double raw, double idle)
    {
        // The middle 90 %: neither the wait before the first record nor the trickle of the last says how fast it goes.
        var bytes = last!.Bytes;
        var first = grown.First(sample => sample.Bytes >= bytes * 0.05);
        var end = grown.First(sample => sample.Bytes >= bytes * 0.95);
        var rate = (end.Bytes - first.Bytes) / (end.At - first.At).TotalSeconds;
        var gibibytes = bytes / (double)(1 << 30);
        var ofRepair = cpuSeconds - (idle * filling.TotalSeconds);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {expected}, {last.Records} | {bytes / 1e9:F2} | {took.TotalSeconds:F1} | {rate / 1e6:F0} | {rate / raw:P0} | {cpuSeconds / gibibytes:F2} | {ofRepair / gibibytes:F2} |"
        );
    }
}
