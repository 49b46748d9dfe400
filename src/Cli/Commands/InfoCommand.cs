using System.CommandLine;
using FileSharing.Cli.Terminal;
using FileSharing.Client;

namespace FileSharing.Cli.Commands;

internal static class InfoCommand
{
    public static Command Create(CommandRunner runner)
    {
        var remote = Arguments.Remote();
        var chunks = new Option<bool>("--chunks")
        {
            Description = "Also list the file's chunks: SHA-256 and size in bytes.",
        };
        var command = new Command("info", "Show what the server knows about a file or folder.") { remote, chunks };
        command.SetAction(
            runner.Run(
                async (args, session, stop) =>
                {
                    var item = await session.Tree.GetAsync(Arguments.Path(args.GetValue(remote)), stop);
                    if (args.GetValue(chunks) && !item.IsFolder)
                    {
                        item = item with
                        {
                            Chunks = await session.Client.ListChunksAsync(item.FileId, stop).ToListAsync(stop),
                        };
                    }

                    session.Output.Result(item, CliJson.Default.RemoteItem, () => Print(session.Output, item));
                    return ExitCode.Ok;
                }
            )
        );
        return command;
    }

    private static void Print(Output output, RemoteItem item)
    {
        (string Name, string? Value)[] fields =
        [
            ("name", item.Name),
            ("id", item.FileId),
            ("type", item.Type),
            ("size", item.IsFolder ? null : $"{item.Size} ({ByteText.Of(item.Size)})"),
            ("date", item.UploadDate is { } at ? $"{at.ToLocalTime():yyyy-MM-dd HH:mm:ss zzz}" : null),
            ("version", item.VersionId),
            ("status", item.Status),
            ("owner", item.Owner),
            ("permissions", item.Permissions),
            ("fingerprint", item.Fingerprint),
            ("compression", item.Compression),
            ("parent", item.ParentId),
        ];
        var rows = fields.Where(field => field.Value is not null).Select(field => new[] { field.Name, field.Value! });
        foreach (var line in Columns.Align([.. rows]))
        {
            output.Line(line);
        }

        foreach (var chunk in item.Chunks ?? [])
        {
            output.Line($"{chunk.Id}  {chunk.Size}");
        }
    }
}
