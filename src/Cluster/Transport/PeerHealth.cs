using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace FileSharing.Cluster.Transport;

/// <summary>
/// What this process found out about its peers by its own calls: one circuit breaker a node. After <see cref="FailuresMax"/> failures in a row nobody calls the node
/// for a moment, so that a dead one costs a few failed calls and not one a request; then a single call probes it. Thread-safe.
/// </summary>
/// <param name="random">Spreads the pauses, so that the nodes of a cluster do not probe one of them at the same time. Used under a lock.</param>
public sealed class PeerHealth(TimeProvider time, Random random, ILogger<PeerHealth> log)
{
    /// <summary>Calls that failed, with none that succeeded between them, before the node is left alone.</summary>
    public const int FailuresMax = 3;

    /// <summary>First pause; doubles with each probe that fails.</summary>
    public static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(250);

    /// <summary>Longest pause before the jitter: a node that comes back is used again within this time and a quarter of it.</summary>
    public static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(2);

    /// <summary>A node that failed within this time is asked after the others.</summary>
    public static readonly TimeSpan FailureMemory = TimeSpan.FromSeconds(5);

    /// <summary>A pause is longer or shorter by up to this share.</summary>
    private const double Jitter = 0.25;

    private readonly ConcurrentDictionary<Guid, Peer> peers = new();
    private readonly Lock changing = new();

    private sealed class Peer
    {
        public int Failures { get; set; }
        public long FailedAt { get; set; }

        /// <summary>Null while the circuit is closed.</summary>
        public TimeSpan? Pause { get; set; }

        /// <summary>End of the pause.</summary>
        public long ProbeAt { get; set; }

        public bool IsProbed { get; set; }
    }

    /// <summary>False while the node is left alone, or another call is probing it.</summary>
    public bool MayCall(Guid nodeId)
    {
        if (!peers.TryGetValue(nodeId, out var peer))
        {
            return true;
        }

        lock (changing)
        {
            return MayCall(peer);
        }
    }

    /// <summary>True for a while after a failure, unless a call has succeeded since.</summary>
    public bool HasFailedLately(Guid nodeId)
    {
        if (!peers.TryGetValue(nodeId, out var peer))
        {
            return false;
        }

        lock (changing)
        {
            return peer.Failures > 0 && time.GetElapsedTime(peer.FailedAt) < FailureMemory;
        }
    }

    /// <summary>The right to make one call, whose outcome the caller reports; it disposes what it gets.</summary>
    /// <returns>Null while the node is left alone, or another call is probing it.</returns>
    public PeerCall? TryBegin(Guid nodeId)
    {
        var peer = peers.GetOrAdd(nodeId, static _ => new Peer());
        lock (changing)
        {
            if (!MayCall(peer))
            {
                return null;
            }

            peer.IsProbed = peer.Pause is not null;
            return new PeerCall(this, nodeId, peer.IsProbed);
        }
    }

    private bool MayCall(Peer peer) => peer.Pause is null || (!peer.IsProbed && time.GetTimestamp() >= peer.ProbeAt);

    internal void Succeeded(Guid nodeId)
    {
        var peer = peers[nodeId];
        bool wasOpen;
        lock (changing)
        {
            wasOpen = peer.Pause is not null;
            peer.Failures = 0;
            peer.Pause = null;
            peer.IsProbed = false;
        }

        if (wasOpen)
        {
            log.CircuitClosed(nodeId);
        }
    }

    internal void Failed(Guid nodeId, bool isProbe)
    {
        var peer = peers[nodeId];
        TimeSpan pause;
        int failures;
        lock (changing)
        {
            failures = ++peer.Failures;
            peer.FailedAt = time.GetTimestamp();
            var opens = peer.Pause is null ? failures >= FailuresMax : isProbe;
            if (!opens)
            {
                return;
            }

            var before = peer.Pause;
            peer.Pause = before is { } last ? TimeSpan.FromTicks(Math.Min(2 * last.Ticks, PauseMax.Ticks)) : PauseMin;
            peer.IsProbed = false;
            pause = peer.Pause.Value * (1 + (Jitter * ((2 * random.NextDouble()) - 1)));
            peer.ProbeAt = peer.FailedAt + (long)(pause.TotalSeconds * time.TimestampFrequency);
            if (before is not null)
            {
                return;
            }
        }

        log.CircuitOpened(nodeId, failures, (int)pause.TotalMilliseconds);
    }

    /// <summary>A probe that was given up has said nothing: the next call may probe.</summary>
    internal void GivenUp(Guid nodeId)
    {
        var peer = peers[nodeId];
        lock (changing)
        {
            peer.IsProbed = false;
        }
    }
}

/// <summary>One call to a peer. The first outcome counts; disposed without one, it says nothing about the peer.</summary>
public sealed class PeerCall : IDisposable
{
    private readonly PeerHealth health;
    private readonly Guid nodeId;
    private readonly bool isProbe;
    private bool hasOutcome;

    internal PeerCall(PeerHealth health, Guid nodeId, bool isProbe)
    {
        this.health = health;
        this.nodeId = nodeId;
        this.isProbe = isProbe;
    }

    /// <summary>The peer answered, whatever it said.</summary>
    public void Succeeded()
    {
        if (!hasOutcome)
        {
            hasOutcome = true;
            health.Succeeded(nodeId);
        }
    }

    /// <summary>The connection could not be made or broke, or the answer did not come in time.</summary>
    public void Failed()
    {
        if (!hasOutcome)
        {
            hasOutcome = true;
            health.Failed(nodeId, isProbe);
        }
    }

    public void Dispose()
    {
        if (!hasOutcome && isProbe)
        {
            hasOutcome = true;
            health.GivenUp(nodeId);
        }
    }
}
