using System.CommandLine;
using FileSharing.Cli.Terminal;
using FileSharing.Client;

namespace FileSharing.Cli.Commands;

/// <summary><c>admin layout losses</c> and <c>accept-loss</c>: what is lost without volumes that never come back, and going on without them.</summary>
internal static class LossCommands
{
    /// <summary>Files that the text names; --json names all.</summary>
    private const int FilesNamed = 20;

    private const string Confirmation = "yes";

    public static Command CreateList(CommandRunner runner)
    {
        var volumes = Volumes(
            ArgumentArity.ZeroOrMore,
            "Volumes that are cut off; none for what is missing now, whatever it was on."
        );
        var command = new Command("losses", "Show what would be lost if volumes never came back, or is lost already.")
        {
            volumes,
        };
        command.SetAction(
            runner.Run(
                async (args, session, stop) =>
                {
                    var names = args.GetValue(volumes) ?? [];
                    var missing = await session.Client.ListLossesAsync(names, stop).ToListAsync(stop);
                    session.Output.Result(
                        new Listing<MissingRecord>(missing),
                        CliJson.Default.ListingMissingRecord,
                        () => Print(session.Output, missing)
                    );
                    return ExitCode.Ok;
                }
            )
        );
        return command;
    }

    public static Command CreateAccept(CommandRunner runner)
    {
        var volumes = Volumes(
            ArgumentArity.OneOrMore,
            "Volumes that are cut off: names such as 2/1, or ids, as 'admin layout show' lists them."
        );
        var yes = new Option<bool>("--yes") { Description = "Do not ask." };
        var command = new Command(
            "accept-loss",
            "Give up volumes that never come back: what is on no other is lost, and the layout goes on without them."
        )
        {
            volumes,
            yes,
        };
        command.SetAction(
            runner.Run(
                (args, session, stop) => AcceptAsync(session, args.GetRequiredValue(volumes), args.GetValue(yes), stop)
            )
        );
        return command;
    }

    private static Argument<string[]> Volumes(ArgumentArity arity, string description) =>
        new("VOLUME") { Arity = arity, Description = description };

    private static async Task<int> AcceptAsync(
        Session session,
        string[] volumes,
        bool isConfirmed,
        CancellationToken stop
    )
    {
        if (!isConfirmed && (session.Output.IsJson || !session.Host.IsInputTerminal))
        {
            throw new UsageException(
                "There is nobody to ask. See with 'fileshare admin layout losses' what would be lost; then say --yes."
            );
        }

        var missing = await session.Client.ListLossesAsync(volumes, stop).ToListAsync(stop);
        if (!session.Output.IsJson)
        {
            Print(session.Output, missing);
        }

        if (!isConfirmed && !IsConfirmed(session.Host, volumes))
        {
            session.Output.Remark("Nothing was changed.");
            return ExitCode.Failed;
        }

        var plan = await session.Client.AcceptLossAsync(volumes, stop);
        session.Output.Result(
            new AcceptedLoss(missing, plan),
            CliJson.Default.AcceptedLoss,
            () => session.Output.Remark("Given up. 'fileshare admin layout show' tells how far the layout is.")
        );
        return ExitCode.Ok;
    }

    private static void Print(Output output, List<MissingRecord> missing)
    {
        var lost = missing.FindAll(record => record.MayBeOn.Count == 0);
        var files = lost.SelectMany(record => record.Files).DistinctBy(file => file.FileId).ToList();
        var atLeast = lost.Exists(record => record.FilesTotal > record.Files.Count) ? "at least " : "";
        var bytes = ByteText.Of(lost.Sum(record => (long)(record.Size ?? 0)));
        output.Line(
            $"Lost: {lost.Count} chunks and manifests ({bytes}) of {atLeast}{files.Count} files have no copy elsewhere."
        );
        if (missing.Count > lost.Count)
        {
            var mayBeOn = missing.SelectMany(record => record.MayBeOn).Distinct().Order(StringComparer.Ordinal);
            output.Line(
                $"Not known: {missing.Count - lost.Count} more may be on volumes that are away and are not given up: {string.Join(", ", mayBeOn)}."
            );
        }

        foreach (var file in files.Take(FilesNamed))
        {
            output.Line(
                $"  {file.Owner}:{file.Path}{(file.Trashed ? "  (in the trash)" : "")}{(file.Current ? "" : "  (an earlier version)")}"
            );
        }

        if (files.Count > FilesNamed)
        {
            output.Line($"  and {files.Count - FilesNamed} more; --json lists all.");
        }
    }

    private static bool IsConfirmed(CliHost host, string[] volumes)
    {
        host.Error.Write($"Go on without {string.Join(", ", volumes)}? Type {Confirmation}: ");
        using var input = new StreamReader(host.OpenStandardInput());
        return input.ReadLine()?.Trim() == Confirmation;
    }
}

/// <summary>The result of accept-loss.</summary>
/// <param name="Items">What has no copy elsewhere.</param>
/// <param name="Plan">What moves.</param>
internal sealed record AcceptedLoss(IReadOnlyList<MissingRecord> Items, LayoutPlan Plan);
