using System.CommandLine;
using FileSharing.Client;
using FileSharing.Client.Folders;

namespace FileSharing.Cli.Commands;

internal static class RmCommand
{
    public static Command Create(CommandRunner runner)
    {
        var remotes = Arguments.ManyRemotes();
        var recursive = new Option<bool>("--recursive", "-r")
        {
            Description = "Also delete folders, with everything below them.",
        };
        var command = new Command("rm", "Delete files, and folders with -r.") { remotes, recursive };
        command.SetAction(
            runner.Run(
                (args, session, stop) =>
                    RunAsync(
                        session,
                        [.. args.GetRequiredValue(remotes).Select(Arguments.Path)],
                        args.GetValue(recursive),
                        stop
                    )
            )
        );
        return command;
    }

    private static async Task<int> RunAsync(
        Session session,
        IReadOnlyList<RemotePath> paths,
        bool recursive,
        CancellationToken stop
    )
    {
        var removed = new List<string>();
        var failures = new List<ItemFailure>();
        foreach (var path in paths)
        {
            try
            {
                await RemoveAsync(session, path, recursive, stop);
                removed.Add(path.ToString());
                session.Output.Remark($"Deleted {path}");
            }
            catch (FileShareException e) when (paths.Count > 1)
            {
                failures.Add(new ItemFailure(path.ToString(), e.Type, e.Message));
                session.Output.ItemProblem(path.ToString(), e.Message);
            }
        }

        session.Output.Result(new RemovedLine(removed, failures), CliJson.Default.RemovedLine, () => { });
        return ExitCode.Of(removed.Count, failures.Count);
    }

    private static async Task RemoveAsync(Session session, RemotePath path, bool recursive, CancellationToken stop)
    {
        if (path is { IsRoot: true, RootId: null })
        {
            throw new UsageException("The top folder cannot be deleted.");
        }

        var item = await session.Tree.GetAsync(path, stop);
        if (item.IsFolder && !recursive)
        {
            throw new FileShareException(ErrorTypes.WrongKind, $"{path} is a folder; delete it with -r.");
        }

        await session.Client.DeleteAsync(item.FileId, stop);
    }
}
