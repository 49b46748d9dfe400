using FileSharing.Metadata;

namespace FileSharing.Api.Placement;

/// <summary>Floor and budget, asked of the database at most once a second: they go out with every answer to a node. Thread-safe.</summary>
internal sealed class RepairLimitsCache(RepairSettings settings, TimeProvider time)
{
    private static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(1);

    private volatile Read? last;

    public async Task<RepairLimits> GetAsync(CancellationToken ct)
    {
        if (last is { } known && time.GetElapsedTime(known.At) < FreshFor)
        {
            return known.Limits;
        }

        var at = time.GetTimestamp();
        var limits = await settings.ReadAsync(ct);
        last = new Read(limits, at);
        return limits;
    }

    private sealed record Read(RepairLimits Limits, long At);
}
