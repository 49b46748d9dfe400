using System.Collections.Concurrent;

namespace FileSharing.Cluster.Transport;

/// <summary>
/// What this process found out about its peers by its own calls: a peer whose connection broke is left alone for a moment, so that a dead
/// node costs one failed call and not one a request. Thread-safe.
/// </summary>
public sealed class PeerHealth(TimeProvider time)
{
    /// <summary>First pause after a failure; doubles with each one that follows.</summary>
    public static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(250);

    /// <summary>Longest pause: a node that comes back is used again within this time.</summary>
    public static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<Guid, Failure> failures = new();

    private sealed record Failure(int Count, long Until);

    /// <summary>False during the pause after a failure.</summary>
    public bool MayCall(Guid nodeId) =>
        !failures.TryGetValue(nodeId, out var failure) || time.GetTimestamp() >= failure.Until;

    public void Succeeded(Guid nodeId) => failures.TryRemove(nodeId, out _);

    public void Failed(Guid nodeId) =>
        failures.AddOrUpdate(nodeId, _ => After(1), (_, before) => After(before.Count + 1));

    private Failure After(int count)
    {
        var pause = Math.Min(PauseMin.TotalSeconds * Math.Pow(2, Math.Min(count - 1, 10)), PauseMax.TotalSeconds);
        return new Failure(count, time.GetTimestamp() + (long)(pause * time.TimestampFrequency));
    }
}
