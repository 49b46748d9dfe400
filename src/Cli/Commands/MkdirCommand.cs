using System.CommandLine;

namespace FileSharing.Cli.Commands;

internal static class MkdirCommand
{
    public static Command Create(CommandRunner runner)
    {
        var remote = Arguments.Remote("The new folder.");
        var parents = new Option<bool>("--parents", "-p")
        {
            Description = "Also create missing parents; an existing folder is fine.",
        };
        var command = new Command("mkdir", "Create a folder.") { remote, parents };
        command.SetAction(
            runner.Run(
                async (args, session, stop) =>
                {
                    var path = Arguments.Path(args.GetValue(remote));
                    string id;
                    if (args.GetValue(parents))
                    {
                        id = await session.Tree.EnsureFolderAsync(path, stop);
                    }
                    else
                    {
                        var parent = path.IsRoot ? path : path.Parent;
                        id = await session.Client.CreateFolderAsync(
                            path.IsRoot ? throw new UsageException($"{path} is there already.") : path.Name,
                            (await session.Tree.GetAsync(parent, stop)).FileId,
                            stop
                        );
                    }

                    session.Output.Result(
                        new FolderLine(id, path.ToString()),
                        CliJson.Default.FolderLine,
                        () => session.Output.Remark($"Created {path}")
                    );
                    return ExitCode.Ok;
                }
            )
        );
        return command;
    }
}
