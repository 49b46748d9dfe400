using System.CommandLine;
using FileSharing.Cli.Terminal;

namespace FileSharing.Cli.Commands;

/// <summary><c>admin repair</c>: how much of the disks and the network moves and repair may take.</summary>
internal static class RepairCommand
{
    public static Command Create(CommandRunner runner) =>
        new("repair", "Manage the repair of copies and the moves of data.") { CreateBudget(runner) };

    private static Command CreateBudget(CommandRunner runner)
    {
        var bytes = new Argument<long?>("BYTES")
        {
            Description = "Bytes a second that each volume may fetch; shows the present number when left out.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command("budget", "Show or change what each volume may fetch a second, for moves and repair.")
        {
            bytes,
        };
        command.SetAction(
            runner.Run(
                async (args, session, stop) =>
                {
                    var budget = args.GetValue(bytes) is { } wanted
                        ? await session.Client.SetRepairBudgetAsync(wanted, stop)
                        : await session.Client.GetRepairBudgetAsync(stop);
                    session.Output.Result(
                        budget,
                        CliJson.Default.RepairBudget,
                        () =>
                            session.Output.Line(
                                $"{budget.BytesPerSecond} ({ByteText.Of(budget.BytesPerSecond)}/s a volume)"
                            )
                    );
                    return ExitCode.Ok;
                }
            )
        );
        return command;
    }
}
