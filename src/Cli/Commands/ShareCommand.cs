using System.CommandLine;
using FileSharing.Client;

namespace FileSharing.Cli.Commands;

internal static class ShareCommand
{
    public static Command Create(CommandRunner runner)
    {
        var remote = Arguments.Remote();
        var with = Arguments.With();
        var role = new Option<string>("--as") { Description = "What they may do.", Required = true };
        role.AcceptOnlyFromAmong("viewer", "editor", "manager");
        var command = new Command("share", "Let another user or a group use a file or folder.") { remote, with, role };
        command.SetAction(
            runner.Run(
                async (args, session, stop) =>
                {
                    var path = Arguments.Path(args.GetValue(remote));
                    var (email, permissions) = (args.GetRequiredValue(with), args.GetRequiredValue(role));
                    var item = await session.Tree.GetAsync(path, stop);
                    var reply = await session.Client.ShareAsync(item.FileId, email, permissions, stop);
                    session.Output.Result(
                        reply,
                        CliJson.Default.ShareReply,
                        () => session.Output.Remark($"Shared {path} with {email} as {permissions}")
                    );
                    return ExitCode.Ok;
                }
            )
        );
        return command;
    }
}

internal static class UnshareCommand
{
    public static Command Create(CommandRunner runner)
    {
        var remote = Arguments.Remote();
        var with = Arguments.With();
        var command = new Command("unshare", "Take a share back.") { remote, with };
        command.SetAction(
            runner.Run(
                async (args, session, stop) =>
                {
                    var path = Arguments.Path(args.GetValue(remote));
                    var email = args.GetRequiredValue(with);
                    var share = await FindAsync(session, path, email, stop);
                    await session.Client.DeleteShareAsync(share.ShareId, stop);
                    session.Output.Result(
                        share,
                        CliJson.Default.RemoteShare,
                        () => session.Output.Remark($"{path} is no longer shared with {email}")
                    );
                    return ExitCode.Ok;
                }
            )
        );
        return command;
    }

    private static async Task<RemoteShare> FindAsync(
        Session session,
        RemotePath path,
        string email,
        CancellationToken stop
    )
    {
        var item = await session.Tree.GetAsync(path, stop);
        var share = await session
            .Client.ListSharesAsync(item.FileId, stop)
            .FirstOrDefaultAsync(s => IsWith(s, email), stop);
        return share
            ?? throw new FileShareException(
                ErrorTypes.NotFound,
                $"{path} is not shared with {email} itself; perhaps a folder above it is."
            );
    }

    /// <summary>An address, the name of a group, or an id, as for sharing.</summary>
    private static bool IsWith(RemoteShare share, string principal) =>
        string.Equals(share.SharedWithEmail, principal, StringComparison.OrdinalIgnoreCase)
        || share.SharedWithGroup == principal
        || share.SharedWith == principal;
}
