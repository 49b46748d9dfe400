using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using FileSharing.Cli.Terminal;
using FileSharing.Client;

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
        var share = new Option<double?>("--share")
        {
            Description = "At most this part of the time of each volume, as 50%; above 0% to 100%.",
            HelpName = "P%",
            CustomParser = ParseShare,
        };
        var command = new Command("budget", "Show or change what each volume may do for moves and repair.")
        {
            bytes,
            share,
        };
        command.SetAction(
            runner.Run(
                async (args, session, stop) =>
                {
                    var change = new RepairBudgetChange
                    {
                        BytesPerSecond = args.GetValue(bytes),
                        Share = args.GetValue(share),
                    };
                    var budget = change is { BytesPerSecond: null, Share: null }
                        ? await session.Client.GetRepairBudgetAsync(stop)
                        : await session.Client.SetRepairBudgetAsync(change, stop);
                    session.Output.Result(
                        budget,
                        CliJson.Default.RepairBudget,
                        () => session.Output.Line(Describe(budget))
                    );
                    return ExitCode.Ok;
                }
            )
        );
        return command;
    }

    private static string Describe(RepairBudget budget) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{budget.BytesPerSecond} ({ByteText.Of(budget.BytesPerSecond)}/s a volume), at most {budget.Share * 100:0.##} % of its time"
        );

    private static double? ParseShare(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (
            text.EndsWith('%')
            && double.TryParse(
                text[..^1],
                NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out var percent
            )
            && percent is > 0 and <= 100
        )
        {
            return percent / 100;
        }

        result.AddError($"'{text}' is no share. Give a part of the time, as 50%: above 0% to 100%.");
        return null;
    }
}
