using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace FileSharing.ClusterTests.Engine;

/// <summary>One system call of a traced process.</summary>
/// <param name="Name">Such as <c>fdatasync</c>.</param>
/// <param name="Target">File or socket behind its descriptor; empty when it has none.</param>
/// <param name="Bytes">Length argument of a write.</param>
/// <param name="Result">What it returned; -1 for an error, null when it never did.</param>
/// <param name="Begin">Where the log has its beginning: it had no effect before.</param>
/// <param name="End">Where the log has its return: whatever began later came after it.</param>
internal sealed record TracedCall(string Name, string Target, long Bytes, long? Result, int Begin, int End)
{
    public bool IsOfSegments => Target.EndsWith(".seg", StringComparison.Ordinal);

    public bool IsSync => Name is "fdatasync" or "fsync";

    public bool IsSend => Name is "sendto" or "sendmsg" && Target.StartsWith("TCP", StringComparison.Ordinal);
}

/// <summary>What <c>strace -f -yy -s 0 -o FILE</c> wrote.</summary>
internal static partial class StraceLog
{
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Waits for the end of the trace, which comes a moment after the process's, and reads it.</summary>
    public static async Task<IReadOnlyList<TracedCall>> ReadAsync(string path)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < EndTimeout)
        {
            var lines = await File.ReadAllLinesAsync(path);
            if (lines.Length > 0 && lines[^1].Contains("+++", StringComparison.Ordinal))
            {
                return Parse(lines);
            }

            await Task.Delay(50);
        }

        throw new TimeoutException($"{path} has no end.");
    }

    private static List<TracedCall> Parse(string[] lines)
    {
        var calls = new List<TracedCall>();
        var unfinished = new Dictionary<string, (string Name, string Text, int Begin)>();
        for (var i = 0; i < lines.Length; i++)
        {
            if (Resumed().Match(lines[i]) is { Success: true } resumed)
            {
                var (name, text, begin) = unfinished[resumed.Groups["thread"].Value];
                calls.Add(Call(name, text + resumed.Groups["text"].Value, begin, i));
            }
            else if (Called().Match(lines[i]) is { Success: true } called)
            {
                var text = called.Groups["text"].Value;
                if (text.Contains("<unfinished ...>", StringComparison.Ordinal))
                {
                    unfinished[called.Groups["thread"].Value] = (called.Groups["name"].Value, text, i);
                }
                else
                {
                    calls.Add(Call(called.Groups["name"].Value, text, i, i));
                }
            }
        }

        return calls;
    }

    private static TracedCall Call(string name, string text, int begin, int end) =>
        new(
            name,
            Descriptor().Match(text).Groups["target"].Value,
            WrittenBytes().Match(text) is { Success: true } bytes ? Number(bytes.Groups["bytes"].Value) : 0,
            Returned().Match(text) is { Success: true } result ? Number(result.Groups["result"].Value) : null,
            begin,
            end
        );

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?<thread>\d+)\s+(?<name>\w+)\((?<text>.*)$")]
    private static partial Regex Called();

    [GeneratedRegex(@"^(?<thread>\d+)\s+<\.\.\. \w+ resumed>(?<text>.*)$")]
    private static partial Regex Resumed();

    /// <summary>The name of a socket holds an arrow, the name of a file does not.</summary>
    [GeneratedRegex(@"^\d+<(?<target>TCP(v6)?:\[.*?\]|[^>]*)>")]
    private static partial Regex Descriptor();

    [GeneratedRegex("\"\"(\\.\\.\\.)?, (?<bytes>\\d+)")]
    private static partial Regex WrittenBytes();

    [GeneratedRegex(@"\)\s+= (?<result>-?\d+)")]
    private static partial Regex Returned();
}
