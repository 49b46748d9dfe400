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
    private Task<HeartbeatOutcome> writing = Task.FromResult(new HeartbeatOutcome(0, []));
    private Task<HeartbeatOutcome>? next;

    /// <returns>Of the moment after the heartbeat was recorded, or a little before; the answer must have the newest map that it names or a newer one. Volumes of other nodes may be
    /// among those that were superseded.</returns>
    public Task<HeartbeatOutcome> RecordAsync(Heartbeat beat, CancellationToken ct)
    {
        lock (gate)
        {
            if (
                recorded.TryGetValue(beat.NodeId, out var last)
                && time.GetElapsedTime(last.At) < FreshFor
                && IsSame(last.Beat, beat)
            )
            {
                return Task.FromResult(new HeartbeatOutcome(beat.MapVersion, []));
            }

            waiting[beat.NodeId] = beat;
            next ??= WriteAfterAsync(writing);
            return next.WaitAsync(ct);
        }
    }

    /// <summary>Whatever came while the write before was under way goes in one.</summary>
    private async Task<HeartbeatOutcome> WriteAfterAsync(Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        Dictionary<Guid, Heartbeat> beats;
        var at = time.GetTimestamp();
        lock (gate)
        {
            (beats, waiting) = (waiting, []);
            (writing, next) = (next!, null);
        }

        var outcome = await store.RecordAsync(beats.Values, CancellationToken.None);
        lock (gate)
        {
            // One that is refused must come to the database again, and again be refused.
            foreach (
                var beat in beats.Values.Where(beat => !outcome.Superseded.Intersect(beat.OpenVolumes ?? []).Any())
            )
            {
                recorded[beat.NodeId] = (beat, at);
            }
        }

        return outcome;
    }

    private static bool IsSame(Heartbeat last, Heartbeat now) =>
        last.MapVersion == now.MapVersion
        && (last.OpenVolumes ?? []).SequenceEqual(now.OpenVolumes ?? [])
        && (last.Incarnations ?? []).SequenceEqual(now.Incarnations ?? [])
        && last.OpenVolumes is null == now.OpenVolumes is null;
}
