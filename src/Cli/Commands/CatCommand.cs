using System.CommandLine;
using FileSharing.Client;

namespace FileSharing.Cli.Commands;

internal static class CatCommand
{
    public static Command Create(CommandRunner runner)
    {
        var remote = Arguments.Remote();
        var range = new Option<string>("--range")
        {
            Description = "A-B (inclusive, from 0), A- (to the end) or -N (the last N bytes).",
            HelpName = "A-B",
        };
        var command = new Command("cat", "Write a file, or a range of it, to standard output.") { remote, range };
        command.SetAction(
            runner.Run(
                async (args, session, stop) =>
                {
                    var wanted = ByteRange.All;
                    if (args.GetValue(range) is { } text && !ByteRange.TryParse(text, out wanted))
                    {
                        throw new UsageException($"'{text}' is no range; write A-B, A- or -N.");
                    }

                    var item = await session.Tree.GetAsync(Arguments.Path(args.GetValue(remote)), stop);
                    if (item.IsFolder)
                    {
                        throw new FileShareException(ErrorTypes.WrongKind, $"{item.Name} is a folder; name a file.");
                    }

                    await using var output = session.Host.OpenStandardOutput();
                    await session.Client.DownloadRangeAsync(item.FileId, wanted, output, stop);
                    return ExitCode.Ok;
                }
            )
        );
        return command;
    }
}
