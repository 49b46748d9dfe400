using System.CommandLine;
using System.Text.Json;
using FileSharing.Cli.Terminal;
using FileSharing.Client;

namespace FileSharing.Cli.Commands;

/// <summary>What needs an administrator's token.</summary>
internal static class AdminCommand
{
    public static Command Create(CommandRunner runner) =>
        new("admin", "Manage users, nodes and the cluster; needs an administrator's login.")
        {
            new Command("user", "Manage accounts.") { CreateUserAdd(runner), CreateUserList(runner) },
            new Command("node", "Manage storage nodes.") { CreateNodeToken(runner) },
            EncryptionCommand.Create(runner),
            LayoutCommand.Create(runner),
            RepairCommand.Create(runner),
            CreateStatus(runner),
            ScrubCommand.Create(runner),
        };

    private static Command CreateUserAdd(CommandRunner runner)
    {
        var email = new Argument<string>("EMAIL") { Description = "E-mail address, with which the user logs in." };
        var name = new Option<string>("--name")
        {
            Description = "The user's name; the e-mail address when left out.",
            HelpName = "N",
        };
        var passwordFile = Arguments.PasswordFile();
        var command = new Command("add", "Create an account.") { email, name, passwordFile };
        command.SetAction(
            runner.Run(
                async (args, session, stop) =>
                {
                    var address = args.GetRequiredValue(email);
                    var file = args.GetValue(passwordFile);
                    var password = PasswordInput.Read(session.Host, file, $"Password for {address}: ");
                    var fullName = args.GetValue(name) ?? address;
                    var user = await session.Client.AddUserAsync(address, fullName, password, stop);
                    session.Output.Result(
                        user,
                        CliJson.Default.RemoteUser,
                        () => session.Output.Remark($"Created the account {address}")
                    );
                    return ExitCode.Ok;
                }
            )
        );
        return command;
    }

    private static Command CreateUserList(CommandRunner runner)
    {
        var command = new Command("list", "List all accounts.");
        command.SetAction(
            runner.Run(
                async (_, session, stop) =>
                {
                    var users = await session.Client.ListUsersAsync(stop).ToListAsync(stop);
                    session.Output.Result(
                        new Listing<RemoteUser>(users),
                        CliJson.Default.ListingRemoteUser,
                        () =>
                            Print(
                                session.Output,
                                [.. users.Select(u => new[] { u.Email ?? "", u.Name ?? "", u.UserId })]
                            )
                    );
                    return ExitCode.Ok;
                }
            )
        );
        return command;
    }

    private static Command CreateNodeToken(CommandRunner runner)
    {
        var name = new Option<string>("--name") { Description = "Name of the node that will use it.", HelpName = "N" };
        var command = new Command("token", "Make a one-time token with which a storage node joins the cluster.")
        {
            name,
        };
        command.SetAction(
            runner.Run(
                async (args, session, stop) =>
                {
                    var token = await session.Client.AddNodeTokenAsync(args.GetValue(name), stop);
                    session.Output.Result(token, CliJson.Default.NodeToken, () => session.Output.Line(token.Token));
                    return ExitCode.Ok;
                }
            )
        );
        return command;
    }

    private static Command CreateStatus(CommandRunner runner)
    {
        var command = new Command("status", "Show how much is stored, on what, and how many chunks lack copies.");
        command.SetAction(
            runner.Run(
                async (_, session, stop) =>
                {
                    var status = await session.Client.GetClusterStatusAsync(stop);
                    session.Output.Result(
                        status,
                        CliJson.Default.JsonElement,
                        () =>
                        {
                            Print(session.Output, StatusRows(status));
                            Print(session.Output, RepairRows(status));
                            Print(session.Output, UnavailableRows(status));
                            Print(session.Output, NodeRows.Of(status));
                        }
                    );
                    return ExitCode.Ok;
                }
            )
        );
        return command;
    }

    /// <summary>Single values, as the server names them; lists are for --json.</summary>
    private static List<string[]> StatusRows(JsonElement status) =>
        [
            .. status
                .EnumerateObject()
                .Where(member => member.Value.ValueKind is not (JsonValueKind.Array or JsonValueKind.Object))
                .Select(member => new[] { member.Name, StatusText(member) }),
        ];

    private static readonly string[] RepairParts = ["moves", "comparisons"];

    /// <summary>What moves, and what the owners of the partitions found by comparing them.</summary>
    private static List<string[]> RepairRows(JsonElement status) =>
        [
            .. RepairParts
                .Where(part => status.TryGetProperty(part, out var value) && value.ValueKind == JsonValueKind.Object)
                .SelectMany(part => status.GetProperty(part).EnumerateObject().Select(member => (part, member)))
                .Select(row => new[] { $"{row.part}.{row.member.Name}", StatusText(row.member) }),
        ];

    /// <summary>Only where there are some: nobody can read what is in these.</summary>
    private static List<string[]> UnavailableRows(JsonElement status) =>
        status.TryGetProperty("unavailable", out var groups)
            ?
            [
                .. groups
                    .EnumerateArray()
                    .Select(group =>
                        new[]
                        {
                            "UNAVAILABLE",
                            $"{group.GetProperty("partitions").GetArrayLength()} partitions are on volumes that are down: "
                                + string.Join(", ", group.GetProperty("volumes").EnumerateArray()),
                        }
                    ),
            ]
            : [];

    private static string StatusText(JsonProperty member) =>
        (member.Name.EndsWith("_bytes", StringComparison.Ordinal) || member.Name == "bytes_left")
        && member.Value.ValueKind == JsonValueKind.Number
        && member.Value.TryGetInt64(out var bytes)
            ? $"{bytes} ({ByteText.Of(bytes)})"
            : member.Value.ToString();

    private static void Print(Output output, IReadOnlyList<string[]> rows)
    {
        foreach (var line in Columns.Align(rows))
        {
            output.Line(line);
        }
    }
}
