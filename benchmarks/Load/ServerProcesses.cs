using System.Globalization;
using System.Text;

namespace FileSharing.Load;

/// <summary>What the processes of the cluster cost, read from /proc (proc(5)): the API, the nodes, and Postgres with its children.</summary>
internal sealed class ServerProcesses(string data)
{
    private const double TicksPerSecond = 100;

    public double CpuSeconds() => Parts().Sum(part => Tree(part.Process).Sum(CpuSecondsOf));

    public string PeakTable()
    {
        var table = new StringBuilder("| process | peak resident MiB |\n|---|---|\n");
        foreach (var (name, process) in Parts().Where(part => part.Name != "postgres"))
        {
            table.AppendLine(CultureInfo.InvariantCulture, $"| {name} | {PeakKibibytes(process) >> 10} |");
        }

        return table.ToString();
    }

    /// <summary>Storage nodes count from 1.</summary>
    public int ProcessOfNode(int number) => Parts().Single(part => part.Name == $"node-{number}").Process;

    private IEnumerable<(string Name, int Process)> Parts() =>
        Directory
            .EnumerateFiles(Path.Combine(data, "run"), "*.pid")
            .Where(file => !file.Contains("parent", StringComparison.Ordinal))
            .Select(file =>
                (
                    Path.GetFileNameWithoutExtension(file),
                    int.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture)
                )
            )
            .Order();

    private static IEnumerable<int> Tree(int process)
    {
        var children = File.ReadAllText($"/proc/{process}/task/{process}/children");
        return children
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(child => int.Parse(child, CultureInfo.InvariantCulture))
            .Append(process);
    }

    private static double CpuSecondsOf(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (
                    long.Parse(fields[11], CultureInfo.InvariantCulture)
                    + long.Parse(fields[12], CultureInfo.InvariantCulture)
                ) / TicksPerSecond;
        }
        catch (IOException)
        {
            // A backend of Postgres that has ended.
            return 0;
        }
    }

    private static long PeakKibibytes(int process) =>
        long.Parse(
            File.ReadLines($"/proc/{process}/status")
                .First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2],
            CultureInfo.InvariantCulture
        );
}
