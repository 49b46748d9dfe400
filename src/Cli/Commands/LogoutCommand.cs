using System.CommandLine;

namespace FileSharing.Cli.Commands;

internal static class LogoutCommand
{
    public static Command Create(CommandRunner runner)
    {
        var command = new Command("logout", "Forget the token that login kept.");
        command.SetAction(
            runner.Run(
                (_, session, _) =>
                {
                    var existed = session.Credentials.Delete();
                    session.Output.Remark(existed ? "Logged out." : "You were not logged in.");
                    return Task.FromResult(ExitCode.Ok);
                }
            )
        );
        return command;
    }
}
