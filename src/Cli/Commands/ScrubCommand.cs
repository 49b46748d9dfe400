using System.CommandLine;
using FileSharing.Cli.Terminal;
using FileSharing.Client;

namespace FileSharing.Cli.Commands;

/// <summary><c>admin scrub</c>: has everything that is stored read and checked, and waits for the result.</summary>
internal static class ScrubCommand
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a volume may be away in the middle (its index is built anew, its node starts again) before it counts as not scrubbed.</summary>
    private static readonly TimeSpan AwayMax = TimeSpan.FromMinutes(2);

    public static Command Create(CommandRunner runner)
    {
        var now = new Option<bool>("--now") { Description = "Read and check everything, and wait for it." };
        var volume = new Option<string>("--volume")
        {
            Description = "Only this volume: a name such as 1/1, or an id, as 'admin status' lists them.",
            HelpName = "V",
        };
        var command = new Command("scrub", "Show, or with --now start, the checks of what is stored on the volumes.")
        {
            now,
            volume,
        };
        command.SetAction(
            runner.Run(
                async (args, session, stop) =>
                {
                    var wanted = args.GetValue(volume);
                    var scrubs = args.GetValue(now)
                        ? await ProgressBar.RunAsync(session, bar => ScrubAsync(session, wanted, bar, stop), "volumes")
                        : await session.Client.GetScrubsAsync(wanted, stop);
                    session.Output.Result(
                        new Listing<VolumeScrub>(scrubs),
                        CliJson.Default.ListingVolumeScrub,
                        () => Print(session.Output, scrubs)
                    );
                    return CodeOf(scrubs);
                }
            )
        );
        return command;
    }

    private static async Task<IReadOnlyList<VolumeScrub>> ScrubAsync(
        Session session,
        string? wanted,
        IProgress<TransferProgress>? bar,
        CancellationToken stop
    )
    {
        var time = session.Host.TimeProvider;
        var scrubs = (await session.Client.StartScrubAsync(wanted, stop)).ToDictionary(scrub => scrub.Volume);
        var waitsFor = scrubs.Values.Where(IsUnderWay).Select(scrub => scrub.Volume).ToHashSet();
        var lastAnswer = time.GetTimestamp();
        while (waitsFor.Count > 0 && time.GetElapsedTime(lastAnswer) < AwayMax)
        {
            await Task.Delay(PollInterval, time, stop);
            foreach (var scrub in await session.Client.GetScrubsAsync(wanted, stop))
            {
                if (!waitsFor.Contains(scrub.Volume))
                {
                    continue;
                }

                scrubs[scrub.Volume] = scrub;
                if (IsUnderWay(scrub))
                {
                    lastAnswer = time.GetTimestamp();
                }
                else if (scrub.State is "done" or "failed")
                {
                    waitsFor.Remove(scrub.Volume);
                }
            }

            bar?.Report(
                new TransferProgress(
                    scrubs.Values.Sum(scrub => scrub.BytesDone),
                    BytesMoved: 0,
                    scrubs.Values.Sum(scrub => scrub.Bytes),
                    scrubs.Count - waitsFor.Count,
                    scrubs.Count
                )
            );
        }

        return [.. scrubs.Values.OrderBy(scrub => scrub.Volume, StringComparer.Ordinal)];
    }

    private static bool IsUnderWay(VolumeScrub scrub) => scrub.State is "waiting" or "running";

    private static int CodeOf(IReadOnlyList<VolumeScrub> scrubs) =>
        scrubs.Any(scrub => scrub.HasFoundDamage) ? ExitCode.Partial
        : scrubs.All(scrub => scrub.State is not ("failed" or "away")) ? ExitCode.Ok
        : ExitCode.Failed;

    private static void Print(Output output, IReadOnlyList<VolumeScrub> scrubs)
    {
        foreach (var line in Columns.Align([.. scrubs.Select(Row)]))
        {
            output.Line(line);
        }
    }

    private static string[] Row(VolumeScrub scrub) => [scrub.Volume, scrub.State, scrub.Reason ?? Found(scrub)];

    private static string Found(VolumeScrub scrub) =>
        $"{ByteText.Of(scrub.BytesDone)} read, {scrub.Records} records, {scrub.Damaged} damaged, "
        + $"{scrub.DamagedPlaces} bad places, {scrub.IndexMismatches} wrong index entries";
}
