using FileSharing.Api.Placement;
using Microsoft.Extensions.Logging;

namespace FileSharing.Api.Background;

/// <summary>Takes over maps that another API process published.</summary>
internal sealed class MapRefresh(MapMaker maps, TimeProvider time, ILogger<MapRefresh> log)
    : Periodic("map-refresh", TimeSpan.FromSeconds(2), time, log)
{
    protected override Task RunOnceAsync(CancellationToken ct) => maps.RefreshAsync(ct);
}
