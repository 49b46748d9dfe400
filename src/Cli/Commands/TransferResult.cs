using FileSharing.Cli.Terminal;

namespace FileSharing.Cli.Commands;

/// <summary>The last words of put and get, and their exit code.</summary>
internal static class TransferResult
{
    /// <param name="done">What happened to the files: Stored or Fetched.</param>
    public static int Print(Output output, TransferLine line, string done)
    {
        output.Result(
            line,
            CliJson.Default.TransferLine,
            () =>
            {
                foreach (var item in line.Items)
                {
                    output.Remark($"{done} {item.Path}: {Summary(item)}");
                }
            }
        );
        return ExitCode.Of(line.Items.Count, line.Failures.Count);
    }

    private static string Summary(TransferredItem item)
    {
        var moved = $"{ByteText.Of(item.BytesMoved)} moved";
        return item.Files is { } files
            ? $"{files} files, {item.Skipped} of them there already, {moved}"
            : $"{ByteText.Of(item.Size ?? 0)}, {moved}";
    }
}
