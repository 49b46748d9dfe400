using System.Text.Json;
using FileSharing.Cli.Terminal;

namespace FileSharing.Cli.Commands;

/// <summary>The nodes and volumes of <c>admin status</c>, a line each, as people read them.</summary>
internal static class NodeRows
{
    public static List<string[]> Of(JsonElement status) =>
        status.TryGetProperty("nodes", out var nodes) ? [.. nodes.EnumerateArray().SelectMany(OfNode)] : [];

    private static IEnumerable<string[]> OfNode(JsonElement node) =>
        [
            ["node", Text(node, "name"), Text(node, "state"), OfTwo(Text(node, "url"), Text(node, "reason"))],
            .. node.GetProperty("volumes").EnumerateArray().Select(OfVolume),
        ];

    private static string[] OfVolume(JsonElement volume) =>
        [
            "volume",
            Text(volume, "name"),
            Text(volume, "condition"),
            Text(volume, "reason") is { Length: > 0 } reason ? reason : Figures(volume),
        ];

    private static string Figures(JsonElement volume) =>
        $"{ByteText.Of(Number(volume, "disk_bytes"))} used, {ByteText.Of(Number(volume, "free_bytes"))} free, "
        + $"{Number(volume, "owed")} owed, {Number(volume, "damaged")} damaged, {Unproved(volume)}{Text(volume, "volume_id")}";

    /// <summary>Only where there are some: it is an alarm, as no other figure here.</summary>
    private static string Unproved(JsonElement volume) =>
        Number(volume, "challenges_failed") is > 0 and var failed ? $"{failed} NOT PROVED, " : "";

    private static string OfTwo(string first, string second) => second.Length > 0 ? $"{first}  {second}" : first;

    private static string Text(JsonElement element, string member) =>
        element.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : "";

    private static long Number(JsonElement element, string member) =>
        element.TryGetProperty(member, out var value) && value.TryGetInt64(out var number) ? number : 0;
}
