using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using FileSharing.Client;

namespace FileSharing.Cli;

/// <summary>Results to standard output, problems and remarks to standard error; as text or as JSON.</summary>
internal sealed class Output(CliHost host, bool isJson, bool isQuiet)
{
    public bool IsJson { get; } = isJson;
    public bool IsQuiet { get; } = isQuiet;

    /// <summary>The result of a verb: the document with --json, else the text.</summary>
    public void Result<T>(T document, JsonTypeInfo<T> type, Action text)
    {
        if (IsJson)
        {
            host.Out.WriteLine(JsonSerializer.Serialize(document, type));
        }
        else
        {
            text();
        }
    }

    /// <summary>A line of a result.</summary>
    public void Line(string text) => host.Out.WriteLine(host.IsOutputTerminal ? Printable(text) : text);

    /// <summary>Says that it is done; nothing with --quiet.</summary>
    public void Remark(string text)
    {
        if (!IsQuiet && !IsJson)
        {
            host.Error.WriteLine(Printable(text));
        }
    }

    public void Problem(FileShareException e) =>
        Problem(new ProblemLine(e.Type, e.Message, e.Status == 0 ? null : e.Status, e.TraceId));

    public void Problem(string type, string detail) => Problem(new ProblemLine(type, detail, null, null));

    /// <summary>One item of many that failed.</summary>
    public void ItemProblem(string path, string reason)
    {
        if (!IsJson)
        {
            host.Error.WriteLine(Printable($"fileshare: {path}: {reason}"));
        }
    }

    private void Problem(ProblemLine problem) =>
        host.Error.WriteLine(
            IsJson
                ? JsonSerializer.Serialize(problem, CliJson.Default.ProblemLine)
                : Printable(
                    $"fileshare: {problem.Detail}{(problem.TraceId is null ? "" : $" (trace {problem.TraceId})")}"
                )
        );

    /// <summary>Names come from other people: a control character in one must not steer the terminal.</summary>
    private static string Printable(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? '?' : c)) : text;
}

/// <summary>A problem as --json writes it.</summary>
internal sealed record ProblemLine(string Type, string Detail, int? Status, string? TraceId);
