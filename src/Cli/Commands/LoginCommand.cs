using System.CommandLine;
using FileSharing.Cli.Terminal;

namespace FileSharing.Cli.Commands;

internal static class LoginCommand
{
    public static Command Create(CommandRunner runner)
    {
        var url = new Argument<string>("URL") { Description = "Address of the server, with http:// or https://." };
        var user = new Option<string>("--user") { Description = "E-mail address of the account.", HelpName = "EMAIL" };
        var passwordFile = Arguments.PasswordFile();
        var command = new Command("login", "Log in and keep the token for the next commands.")
        {
            url,
            user,
            passwordFile,
        };
        command.SetAction(
            runner.Run(
                (args, session, stop) =>
                    RunAsync(
                        session,
                        CredentialStore.ParseUrl(args.GetRequiredValue(url)),
                        args.GetValue(user),
                        args.GetValue(passwordFile),
                        stop
                    )
            )
        );
        return command;
    }

    private static async Task<int> RunAsync(
        Session session,
        Uri url,
        string? user,
        string? passwordFile,
        CancellationToken stop
    )
    {
        var email = user ?? Ask(session.Host);
        var password = PasswordInput.Read(session.Host, passwordFile, $"Password of {email}: ");
        using var client = session.Connect(new Credentials(url, null, email));
        var reply = await client.LoginAsync(email, password, stop);
        session.Credentials.Write(new Credentials(url, reply.Token, email));
        session.Output.Result(
            new LoginLine(url, email, reply.ExpiresAt),
            CliJson.Default.LoginLine,
            () =>
                session.Output.Remark(
                    $"Logged in at {url} as {email} until {reply.ExpiresAt.ToLocalTime():yyyy-MM-dd HH:mm}."
                )
        );
        return ExitCode.Ok;
    }

    private static string Ask(CliHost host)
    {
        if (!host.IsInputTerminal)
        {
            throw new UsageException("There is no terminal to ask for the account; use --user EMAIL.");
        }

        host.Error.Write("E-mail: ");
        return Console.ReadLine() ?? "";
    }
}
