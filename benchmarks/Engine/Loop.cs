using System.Globalization;

namespace FileSharing.Engine;

/// <summary>What a closed loop did.</summary>
/// <param name="Operations">Finished in the time measured.</param>
/// <param name="Seconds">Of wall time.</param>
/// <param name="CpuSeconds">Of this whole process, its loop included.</param>
internal sealed record Rate(long Operations, double Seconds, double CpuSeconds)
{
    public double PerSecond => Operations / Seconds;

    public double PerCpuSecond => Operations / CpuSeconds;

    public double BytesPerSecond(long bytes) => PerSecond * bytes;

    public double CpuSecondsPerGibibyte(long bytes) => CpuSeconds / (Operations * (double)bytes / (1L << 30));
}

/// <summary>So many workers, each with one operation at a time.</summary>
internal static class Loop
{
    public static async Task<Rate> RunAsync(int workers, double seconds, Func<int, Task> operation)
    {
        var duration = TimeSpan.FromSeconds(seconds);
        var cpu = Environment.CpuUsage.TotalTime;
        var begin = TimeProvider.System.GetTimestamp();
        var counts = await Task.WhenAll(
            Enumerable.Range(0, workers).Select(worker => Task.Run(() => RepeatAsync(worker)))
        );
        return new Rate(
            counts.Sum(),
            TimeProvider.System.GetElapsedTime(begin).TotalSeconds,
            (Environment.CpuUsage.TotalTime - cpu).TotalSeconds
        );

        async Task<long> RepeatAsync(int worker)
        {
            long done = 0;
            while (TimeProvider.System.GetElapsedTime(begin) < duration)
            {
                await operation(worker);
                done++;
            }

            return done;
        }
    }
}

/// <summary>The table that the tool prints, a line as soon as it is measured.</summary>
internal static class Report
{
    public static void Begin() =>
        Console.WriteLine(
            "| figure | goal | measured | fio beside it | ratio | conditions |\n|---|---|---|---|---|---|"
        );

    public static void Line(
        string figure,
        string goal,
        string measured,
        string fio = "–",
        string ratio = "–",
        string conditions = ""
    ) => Console.WriteLine($"| {figure} | {goal} | {measured} | {fio} | {ratio} | {conditions} |");

    public static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
