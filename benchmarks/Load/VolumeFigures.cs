using System.Text.Json;

namespace FileSharing.Load;

/// <summary>What a node says of one of its volumes.</summary>
/// <param name="Id">Empty while it is not open.</param>
/// <param name="Fetched">Bytes brought by moves and repair since it was opened.</param>
internal sealed record VolumeFigures(string Name, string Id, long Records, long Bytes, long Fetched)
{
    /// <param name="health">Of /health/cluster as an administrator sees it.</param>
    public static List<VolumeFigures> In(JsonElement health) =>
        [
            .. health
                .GetProperty("nodes")
                .EnumerateArray()
                .SelectMany(node => node.GetProperty("volumes").EnumerateArray())
                .Select(volume => new VolumeFigures(
                    volume.GetProperty("name").GetString()!,
                    volume.GetProperty("volume_id").GetString() ?? "",
                    volume.GetProperty("records").GetInt64(),
                    volume.GetProperty("live_record_bytes").GetInt64(),
                    volume.GetProperty("fetched_bytes").GetInt64()
                )),
        ];
}
