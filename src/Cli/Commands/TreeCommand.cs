using System.CommandLine;
using System.Runtime.CompilerServices;
using FileSharing.Client;

namespace FileSharing.Cli.Commands;

internal static class TreeCommand
{
    private const string Indent = "  ";

    public static Command Create(CommandRunner runner)
    {
        var remote = Arguments.Remote("Folder; your top folder when left out.");
        remote.Arity = ArgumentArity.ZeroOrOne;
        var command = new Command("tree", "List a folder with everything below it.") { remote };
        command.SetAction(
            runner.Run((args, session, stop) => RunAsync(session, Arguments.Path(args.GetValue(remote)), stop))
        );
        return command;
    }

    private static async Task<int> RunAsync(Session session, RemotePath path, CancellationToken stop)
    {
        var top = await session.Tree.GetAsync(path, stop);
        var lines = new List<TreeLine>();
        await foreach (var (itemPath, item) in WalkAsync(session.Client, path, top, stop))
        {
            if (session.Output.IsJson)
            {
                lines.Add(new TreeLine(itemPath.ToString(), item.FileId, item.Kind, item.Type, item.Size));
                continue;
            }

            var depth = itemPath.Segments.Count - path.Segments.Count;
            session.Output.Line(
                string.Concat(Enumerable.Repeat(Indent, depth - 1)) + item.Name + (item.IsFolder ? "/" : "")
            );
        }

        if (session.Output.IsJson)
        {
            session.Output.Result(new Listing<TreeLine>(lines), CliJson.Default.ListingTreeLine, () => { });
        }

        return ExitCode.Ok;
    }

    private static async IAsyncEnumerable<(RemotePath Path, RemoteItem Item)> WalkAsync(
        FileShareClient client,
        RemotePath path,
        RemoteItem folder,
        [EnumeratorCancellation] CancellationToken stop
    )
    {
        await foreach (var child in client.ListChildrenAsync(folder.FileId, stop))
        {
            var childPath = path.Child(child.Name);
            yield return (childPath, child);
            if (child.IsFolder)
            {
                await foreach (var below in WalkAsync(client, childPath, child, stop))
                {
                    yield return below;
                }
            }
        }
    }
}
