using System.CommandLine;
using FileSharing.Cli.Terminal;
using FileSharing.Client;

namespace FileSharing.Cli.Commands;

/// <summary><c>admin layout</c>: which volumes hold how much. Changes are staged, planned, and applied.</summary>
internal static class LayoutCommand
{
    public static Command Create(CommandRunner runner) =>
        new("layout", "Show and change which volumes hold how much of the data.")
        {
            CreateShow(runner),
            CreateChange(runner, "add", "Stage a volume that is to hold data from now on.", WeightOption()),
            CreateChange(runner, "remove", "Stage a volume that is to hold nothing, and leave the cluster.", null),
            CreateReweight(runner),
            CreateChange(runner, "drain", "Stage a volume that is to be emptied, and stay known.", null),
            CreatePlan(runner),
            CreateApply(runner),
            CreateRevert(runner),
            LossCommands.CreateList(runner),
            LossCommands.CreateAccept(runner),
        };

    private static Argument<string> VolumeArgument() =>
        new("VOLUME") { Description = "A volume: a name such as 2/1, or an id, as 'admin status' lists them." };

    private static Option<double?> WeightOption() =>
        new("--weight")
        {
            Description = "Its share relative to the others' weights; its capacity in bytes when left out.",
            HelpName = "W",
        };

    private static Command CreateShow(CommandRunner runner)
    {
        var command = new Command("show", "Show the layout, what is staged, and what moves.");
        command.SetAction(
            runner.Run(
                async (_, session, stop) =>
                {
                    Show(session.Output, await session.Client.GetLayoutAsync(stop));
                    return ExitCode.Ok;
                }
            )
        );
        return command;
    }

    private static Command CreateChange(
        CommandRunner runner,
        string operation,
        string description,
        Option<double?>? weight
    )
    {
        var volume = VolumeArgument();
        var command = new Command(operation, description) { volume };
        if (weight is not null)
        {
            command.Add(weight);
        }

        command.SetAction(
            runner.Run(
                (args, session, stop) =>
                    ChangeAsync(
                        session,
                        operation,
                        args.GetRequiredValue(volume),
                        weight is null ? null : args.GetValue(weight),
                        stop
                    )
            )
        );
        return command;
    }

    private static Command CreateReweight(CommandRunner runner)
    {
        var volume = VolumeArgument();
        var weight = new Argument<double>("WEIGHT") { Description = "Its share relative to the others' weights." };
        var command = new Command("reweight", "Stage another share for a volume.") { volume, weight };
        command.SetAction(
            runner.Run(
                (args, session, stop) =>
                    ChangeAsync(session, "reweight", args.GetRequiredValue(volume), args.GetRequiredValue(weight), stop)
            )
        );
        return command;
    }

    private static async Task<int> ChangeAsync(
        Session session,
        string operation,
        string volume,
        double? weight,
        CancellationToken stop
    )
    {
        var layout = await session.Client.ChangeLayoutAsync(operation, volume, weight, stop);
        session.Output.Result(
            layout,
            CliJson.Default.LayoutStatus,
            () =>
                session.Output.Remark(
                    $"Staged: {layout.Staged?.Reason}. Nothing moves before 'fileshare admin layout apply'; 'plan' shows what would."
                )
        );
        return ExitCode.Ok;
    }

    private static Command CreatePlan(CommandRunner runner)
    {
        var command = new Command("plan", "Show what would move if the staged changes were applied.");
        command.SetAction(
            runner.Run(
                async (_, session, stop) =>
                {
                    var plan = await session.Client.PlanLayoutAsync(stop);
                    session.Output.Result(
                        plan,
                        CliJson.Default.LayoutPlan,
                        () =>
                        {
                            Print(session.Output, LayoutText.Of(plan));
                            session.Output.Remark($"Apply it with: fileshare admin layout apply --plan {plan.Plan}");
                        }
                    );
                    return ExitCode.Ok;
                }
            )
        );
        return command;
    }

    private static Command CreateApply(CommandRunner runner)
    {
        var id = new Option<string>("--plan")
        {
            Description = "Only if it is still this plan, as 'plan' named it.",
            HelpName = "ID",
        };
        var command = new Command("apply", "Apply the staged changes; the cluster then moves the data by itself.")
        {
            id,
        };
        command.SetAction(
            runner.Run(
                async (args, session, stop) =>
                {
                    var plan = await session.Client.ApplyLayoutAsync(args.GetValue(id), stop);
                    session.Output.Result(
                        plan,
                        CliJson.Default.LayoutPlan,
                        () =>
                        {
                            Print(session.Output, LayoutText.Of(plan));
                            session.Output.Remark("Applied. 'fileshare admin layout show' tells how far it is.");
                        }
                    );
                    return ExitCode.Ok;
                }
            )
        );
        return command;
    }

    private static Command CreateRevert(CommandRunner runner)
    {
        var command = new Command(
            "revert",
            "Throw staged changes away; when there are none, go back to the layout before this one."
        );
        command.SetAction(
            runner.Run(
                async (_, session, stop) =>
                {
                    var gone = await session.Client.RevertLayoutAsync(stop);
                    session.Output.Result(
                        gone,
                        CliJson.Default.LayoutRevert,
                        () =>
                            session.Output.Remark(
                                gone.Reverted == "staged"
                                    ? $"Threw away what was staged: {gone.Reason}"
                                    : $"Went back to the layout before: {gone.Reason}"
                            )
                    );
                    return ExitCode.Ok;
                }
            )
        );
        return command;
    }

    private static void Show(Output output, LayoutStatus layout) =>
        output.Result(layout, CliJson.Default.LayoutStatus, () => Print(output, LayoutText.Of(layout)));

    private static void Print(Output output, IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            output.Line(line);
        }
    }
}
