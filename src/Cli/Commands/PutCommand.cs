using System.CommandLine;
using FileSharing.Cli.Terminal;
using FileSharing.Client;

namespace FileSharing.Cli.Commands;

internal static class PutCommand
{
    private const string TopFolder = "/";

    public static Command Create(CommandRunner runner)
    {
        var paths = new Argument<string[]>("PATH")
        {
            Description =
                "Files and folders, then REMOTE; one path alone goes to the top folder. - is standard input. A folder becomes REMOTE, or goes inside REMOTE/.",
            Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command("put", "Upload files and folders.") { paths };
        command.SetAction(
            runner.Run(
                async (args, session, stop) =>
                {
                    var (sources, target) = Split(args.GetRequiredValue(paths));
                    var line = await ProgressBar.RunAsync(
                        session,
                        progress => new PutTransfer(session, new ProgressSum(progress)).RunAsync(sources, target, stop)
                    );
                    return TransferResult.Print(session.Output, line, "Stored");
                }
            )
        );
        return command;
    }

    /// <summary>With two or more arguments the last is the target.</summary>
    private static (IReadOnlyList<string> Sources, RemotePath Target) Split(string[] arguments)
    {
        var sources = arguments.Length == 1 ? arguments : arguments[..^1];
        var target = Arguments.Path(arguments.Length == 1 ? TopFolder : arguments[^1]);
        foreach (var source in sources)
        {
            if (source == PutTransfer.StandardInput)
            {
                if (sources.Length > 1 || target.HasTrailingSlash || target is { IsRoot: true, RootId: null })
                {
                    throw new UsageException(
                        "Standard input needs a target with a name: fileshare put - /folder/name."
                    );
                }
            }
            else if (!File.Exists(source) && !Directory.Exists(source))
            {
                throw new UsageException($"There is no {source} here.");
            }
        }

        return (sources, target);
    }
}
