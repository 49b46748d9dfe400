using System.Globalization;
using FileSharing.Engine;

// usage: engine --data DIR [--seconds 8] [--warm-up 3] [--chunks 1000000,10000000] [SCENARIO...]
// Drives one volume in this process and prints a Markdown table; benchmarks/run engine gives it a directory and takes it away again.
var scenarios = new Dictionary<string, Func<Run, Task>>
{
    ["large-puts"] = PutScenario.LargeAsync,
    ["small-puts"] = PutScenario.SmallAsync,
    ["small-gets"] = GetScenario.SmallAsync,
    ["ranges"] = GetScenario.RangesAsync,
    ["compression"] = CompressionScenario.RunAsync,
    ["memory"] = MemoryScenario.RunAsync,
    ["index"] = IndexScenario.RunAsync,
    ["reopen"] = ReopenScenario.RunAsync,
    ["rebuild"] = RebuildScenario.RunAsync,
};

switch (args)
{
    // What the scenarios start as processes of their own.
    case ["index-fill", var path, var chunks]:
        IndexScenario.Fill(path, Whole(chunks));
        return;
    case ["index-measure", var path, var chunks]:
        IndexScenario.Measure(path, Whole(chunks));
        return;
    case ["write-bulk", var path, var chunks]:
        await ReopenScenario.WriteBulkAsync(path, Whole(chunks));
        return;
    case ["write-until-killed", var path]:
        await ReopenScenario.WriteUntilKilledAsync(path);
        return;
}

var options = new Dictionary<string, string>();
var chosen = new List<string>();
for (var i = 0; i < args.Length; i++)
{
    if (args[i].StartsWith("--", StringComparison.Ordinal))
    {
        options[args[i]] = args[++i];
    }
    else
    {
        chosen.Add(args[i]);
    }
}

var run = new Run(
    options["--data"],
    Number("--seconds", 8),
    Number("--warm-up", 3),
    [.. options.GetValueOrDefault("--chunks", "1000000,10000000").Split(',').Select(Whole)]
);
Report.Begin();
foreach (var name in chosen.Count == 0 ? [.. scenarios.Keys] : chosen)
{
    await scenarios[name](run);
}

double Number(string name, double otherwise) =>
    options.TryGetValue(name, out var text) ? double.Parse(text, CultureInfo.InvariantCulture) : otherwise;

static int Whole(string text) => int.Parse(text, CultureInfo.InvariantCulture);
