using System.CommandLine;
using FileSharing.Client;

namespace FileSharing.Cli.Commands;

internal static class MvCommand
{
    public static Command Create(CommandRunner runner)
    {
        var source = new Argument<string>("REMOTE") { Description = "What to move or rename." };
        var target = new Argument<string>("TARGET")
        {
            Description = "The new path; an existing folder, or a path with / at its end, is moved into.",
        };
        var command = new Command("mv", "Rename or move a file or folder.") { source, target };
        command.SetAction(
            runner.Run(
                (args, session, stop) =>
                    RunAsync(
                        session,
                        Arguments.Path(args.GetValue(source)),
                        Arguments.Path(args.GetValue(target)),
                        stop
                    )
            )
        );
        return command;
    }

    private static async Task<int> RunAsync(
        Session session,
        RemotePath source,
        RemotePath target,
        CancellationToken stop
    )
    {
        if (source is { IsRoot: true, RootId: null })
        {
            throw new UsageException("The top folder cannot be moved.");
        }

        var item = await session.Tree.GetAsync(source, stop);
        var existing = await session.Tree.FindAsync(target, stop);
        var (folder, path) = existing is { IsFolder: true }
            ? (existing, target.Child(item.Name))
            : (await FolderAroundAsync(session, target, stop), target);
        var name = path.Name == item.Name ? null : path.Name;
        await session.Client.UpdateAsync(item.FileId, name, folder.FileId, stop);
        session.Output.Result(
            new MovedLine(item.FileId, path.ToString()),
            CliJson.Default.MovedLine,
            () => session.Output.Remark($"{source} is now {path}")
        );
        return ExitCode.Ok;
    }

    private static async Task<RemoteItem> FolderAroundAsync(Session session, RemotePath target, CancellationToken stop)
    {
        if (target.HasTrailingSlash || target.IsRoot)
        {
            throw new FileShareException(ErrorTypes.NotFound, $"There is no folder {target}; create it with mkdir.");
        }

        return await session.Tree.GetAsync(target.Parent, stop);
    }
}
