using FileSharing.Metadata;

namespace FileSharing.Api.Placement;

/// <summary>
/// Takes down heartbeats, many in one statement, before they are answered: a node must not think that it was heard when no other API process can know of
/// it. One that brings nothing new within <see cref="FreshFor"/> of the last is not written again. Thread-safe.
/// </summary>
internal sealed class HeartbeatRecorder(Heartbeats store, TimeProvider time)
{
    /// <summary>A heartbeat in the database may be older by this than the last one that was answered: the cut-off waits that much longer.</summary>
    public static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly Dictionary<Guid, (Heartbeat Beat, long At)> recorded = [];
    private Dictionary<Guid, Heartbeat> waiting = [];
    private Task<long> writing = Task.FromResult(0L);
    private Task<long>? next;

    /// <returns>Version of the newest map after the heartbeat was recorded, or a little before; the answer must have that one or a newer one.</returns>
    public Task<long> RecordAsync(Heartbeat beat, CancellationToken ct)
    {
        lock (gate)
        {
            if (
                recorded.TryGetValue(beat.NodeId, out var last)
                && time.GetElapsedTime(last.At) < FreshFor
                && IsSame(last.Beat, beat)
            )
            {
                return Task.FromResult(beat.MapVersion);
            }

            waiting[beat.NodeId] = beat;
            next ??= WriteAfterAsync(writing);
            return next.WaitAsync(ct);
        }
    }

    /// <summary>Whatever came while the write before was under way goes in one.</summary>
    private async Task<long> WriteAfterAsync(Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        Dictionary<Guid, Heartbeat> beats;
        var at = time.GetTimestamp();
        lock (gate)
        {
            (beats, waiting) = (waiting, []);
            (writing, next) = (next!, null);
        }

        var newest = await store.RecordAsync(beats.Values, CancellationToken.None);
        lock (gate)
        {
            foreach (var beat in beats.Values)
            {
                recorded[beat.NodeId] = (beat, at);
            }
        }

        return newest;
    }

    private static bool IsSame(Heartbeat last, Heartbeat now) =>
        last.MapVersion == now.MapVersion
        && (last.OpenVolumes ?? []).SequenceEqual(now.OpenVolumes ?? [])
        && last.OpenVolumes is null == now.OpenVolumes is null;
}
