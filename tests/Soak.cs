using System.Globalization;

namespace FileSharing;

/// <summary>
/// Tests whose worth grows with their count: a slice of them runs in <c>tests/run</c>, all of them in <c>tests/run engine-soak</c> and
/// <c>cluster-soak</c>, which run the tests of the trait and set the variables. Such a test prints its seed when it fails, and takes it back.
/// </summary>
internal static class Soak
{
    /// <summary>Name of the trait, <c>[Trait(Soak.Trait, Soak.Engine)]</c>.</summary>
    public const string Trait = "Soak";

    /// <summary>Value of the trait: what <c>tests/run engine-soak</c> runs.</summary>
    public const string Engine = "engine";

    /// <summary>Value of the trait: what <c>tests/run cluster-soak</c> runs.</summary>
    public const string Cluster = "cluster";

    private const string PercentVariable = "FILESHARE_SOAK_PERCENT";
    private const string ResultsVariable = "FILESHARE_SOAK_RESULTS";
    private const string SeedVariable = "FILESHARE_SEED";

    private static readonly Lock Reporting = new();

    /// <summary>How often to do it: the slice, or, in a soak, this part of the full count (never less than the slice).</summary>
    public static int Count(int slice, int full) =>
        Number(PercentVariable) is { } percent
            ? (int)Math.Max(slice, Math.Min(int.MaxValue, (long)full * percent / 100))
            : slice;

    /// <summary>A seed to print, another in every run unless <c>FILESHARE_SEED</c> gives one back.</summary>
    public static int Seed() => Number(SeedVariable) ?? Environment.TickCount;

    /// <summary>For what is the same in every run of a seed: the slice has always these, so that only a change of the program can make it fail; a soak draws others.</summary>
    public static int Seed(int slice) =>
        Number(SeedVariable) ?? (Number(PercentVariable) is null ? slice : Environment.TickCount);

    /// <summary>Adds one line to the results of a soak, such as <c>kills: 2,000, lost 0, wrong 0, seed 7</c>. Outside of one it is not kept.</summary>
    public static void Report(string line)
    {
        if (Environment.GetEnvironmentVariable(ResultsVariable) is { Length: > 0 } file)
        {
            lock (Reporting)
            {
                File.AppendAllText(file, $"* {line}\n");
            }
        }
    }

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text
            ? int.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture)
            : null;
}
