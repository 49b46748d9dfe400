using System.CommandLine;
using FileSharing.Cli.Terminal;
using FileSharing.Client;

namespace FileSharing.Cli.Commands;

internal static class LsCommand
{
    public static Command Create(CommandRunner runner)
    {
        var remote = Arguments.Remote("Folder or file; your top folder when left out.");
        remote.Arity = ArgumentArity.ZeroOrOne;
        var shared = new Option<bool>("--shared")
        {
            Description = "List what others share with you, with ids to use as id:FILE_ID.",
        };
        var command = new Command("ls", "List a folder, or what is shared with you.") { remote, shared };
        command.SetAction(
            runner.Run(
                async (args, session, stop) =>
                {
                    var isShared = args.GetValue(shared);
                    var items = isShared
                        ? await session.Client.ListSharedWithMeAsync(stop).ToListAsync(stop)
                        : await ListAsync(session, Arguments.Path(args.GetValue(remote)), stop);
                    session.Output.Result(
                        new Listing<RemoteItem>(items),
                        CliJson.Default.ListingRemoteItem,
                        () => Print(session.Output, items, isShared)
                    );
                    return ExitCode.Ok;
                }
            )
        );
        return command;
    }

    private static async Task<List<RemoteItem>> ListAsync(Session session, RemotePath path, CancellationToken stop)
    {
        var item = await session.Tree.GetAsync(path, stop);
        return item.IsFolder ? await session.Client.ListChildrenAsync(item.FileId, stop).ToListAsync(stop) : [item];
    }

    private static void Print(Output output, List<RemoteItem> items, bool isShared)
    {
        var rows = items.Select(item => Row(item, isShared)).ToList();
        foreach (var line in Columns.Align(rows, 1))
        {
            output.Line(line);
        }
    }

    private static string[] Row(RemoteItem item, bool isShared)
    {
        var date = item.UploadDate is { } at ? $"{at.ToLocalTime():yyyy-MM-dd HH:mm}" : "";
        var size = item.IsFolder ? "-" : ByteText.Of(item.Size);
        var name = item.IsFolder ? item.Name + "/" : item.Name;
        return isShared
            ? [date, size, item.Permissions ?? "", item.Owner ?? "", $"{RemotePath.IdPrefix}{item.FileId}", name]
            : [date, size, item.IsFolder ? "folder" : item.Type ?? "", name];
    }
}
