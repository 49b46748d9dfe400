using Microsoft.Extensions.Logging;

namespace FileSharing.Cluster;

/// <summary>What a process logs about the nodes that it calls. Ids and counts, never keys.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(
        60,
        LogLevel.Warning,
        "Node {NodeId} is left alone for {PauseMs} ms: {Failures} calls to it failed one after the other."
    )]
    public static partial void CircuitOpened(this ILogger log, Guid nodeId, int failures, int pauseMs);

    [LoggerMessage(61, LogLevel.Information, "Node {NodeId} answers again and is called as before.")]
    public static partial void CircuitClosed(this ILogger log, Guid nodeId);

    [LoggerMessage(
        62,
        LogLevel.Information,
        "Since the start {Hedged} of {Reads} reads from other nodes asked a second owner because the first was slow; {Won} times its answer came first."
    )]
    public static partial void ReadsHedged(this ILogger log, long hedged, long reads, long won);
}
