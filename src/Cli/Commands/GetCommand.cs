using System.CommandLine;
using FileSharing.Cli.Terminal;
using FileSharing.Client;

namespace FileSharing.Cli.Commands;

internal static class GetCommand
{
    public static Command Create(CommandRunner runner)
    {
        var remotes = new Argument<string[]>("REMOTE")
        {
            Description =
                "Remote files and folders, then the local PATH; one remote alone goes into the current folder. - is standard output. A folder becomes PATH, or goes inside PATH/.",
            Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command("get", "Download files and folders; every byte is verified.") { remotes };
        command.SetAction(
            runner.Run(
                async (args, session, stop) =>
                {
                    var all = args.GetRequiredValue(remotes);
                    var sources = (all.Length == 1 ? all : all[..^1]).Select(Arguments.Path).ToList();
                    var target = all.Length == 1 ? "./" : all[^1];
                    if (target == GetTransfer.StandardOutput)
                    {
                        return await ToStandardOutputAsync(session, sources, stop);
                    }

                    var line = await ProgressBar.RunAsync(
                        session,
                        progress => new GetTransfer(session, new ProgressSum(progress)).RunAsync(sources, target, stop)
                    );
                    return TransferResult.Print(session.Output, line, "Fetched");
                }
            )
        );
        return command;
    }

    private static async Task<int> ToStandardOutputAsync(
        Session session,
        List<RemotePath> sources,
        CancellationToken stop
    )
    {
        if (sources.Count > 1)
        {
            throw new UsageException("Only one file at a time goes to standard output.");
        }

        var item = await session.Tree.GetAsync(sources[0], stop);
        if (item.IsFolder)
        {
            throw new UsageException($"{sources[0]} is a folder; only a file goes to standard output.");
        }

        await using var output = session.Host.OpenStandardOutput();
        return await ProgressBar.RunAsync(
            session,
            async progress =>
            {
                await session.Client.DownloadAsync(item.FileId, output, progress, stop);
                return ExitCode.Ok;
            }
        );
    }
}
