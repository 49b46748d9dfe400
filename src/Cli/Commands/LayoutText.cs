using System.Globalization;
using FileSharing.Cli.Terminal;
using FileSharing.Client;

namespace FileSharing.Cli.Commands;

/// <summary>Layouts and plans, as people read them.</summary>
internal static class LayoutText
{
    public static IEnumerable<string> Of(LayoutStatus layout)
    {
        string[][] rows =
        [
            ["VOLUME", "NODE", "ZONE", "WEIGHT", "SHARE", "PARTITIONS", "WANTED", "BYTES", "STATE"],
            .. layout.Members.Select(Row),
        ];
        return
        [
            .. Columns.Align(rows, rightAligned: [3, 4, 5, 6, 7]),
            $"Layout {layout.LayoutId} by {layout.Author}: {layout.Reason}",
            $"{layout.Moves.UnderWay} moves under way, {layout.Moves.Waiting} waiting, {ByteText.Of(layout.Moves.BytesLeft)} left, "
                + $"at least {Duration(layout.Moves.EstimateSeconds)} at {ByteText.Of(layout.RepairBytesPerSecond)}/s a volume",
            layout.Staged is { } staged ? $"Staged by {staged.Author}: {staged.Reason}" : "Nothing is staged.",
        ];
    }

    public static IEnumerable<string> Of(LayoutPlan plan)
    {
        string[][] rows =
        [
            ["VOLUME", "WEIGHT", "PARTITIONS", "THEN", "GETS", "GIVES", "FETCHES"],
            .. plan.Volumes.Select(Row),
        ];
        return
        [
            .. Columns.Align(rows, rightAligned: [1, 2, 3, 4, 5, 6]),
            $"{plan.Moves} partition replicas move (at least {plan.MovesMin} must), {ByteText.Of(plan.Bytes)}, "
                + $"at least {Duration(plan.EstimateSeconds)} at {ByteText.Of(plan.RepairBytesPerSecond)}/s a volume",
        ];
    }

    private static string[] Row(LayoutMember member) =>
        [
            member.Volume,
            member.Node,
            member.Zone,
            Number(member.Weight),
            member.Share.ToString("P2", CultureInfo.InvariantCulture),
            $"{member.Partitions}",
            $"{member.PartitionsWanted}",
            member.Bytes is { } bytes ? ByteText.Of(bytes) : "?",
            member.State,
        ];

    private static string[] Row(PlanVolume volume) =>
        [
            volume.Volume,
            Number(volume.Weight),
            $"{volume.PartitionsBefore}",
            $"{volume.PartitionsAfter}",
            $"{volume.Gains}",
            $"{volume.Losses}",
            ByteText.Of(volume.BytesIn),
        ];

    private static string Number(double weight) => weight.ToString("0.###", CultureInfo.InvariantCulture);

    private static string Duration(double seconds) =>
        seconds < 60
            ? $"{Math.Ceiling(seconds):0} s"
            : TimeSpan.FromSeconds(seconds).ToString(@"d\.hh\:mm\:ss", CultureInfo.InvariantCulture);
}
