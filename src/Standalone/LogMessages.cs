using Microsoft.Extensions.Logging;

namespace FileSharing.Standalone;

/// <summary>What the host of the parts logs; each part has its own messages.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(1, LogLevel.Information, "Postgres: {Line}")]
    public static partial void PostgresSaid(this ILogger log, string line);

    [LoggerMessage(
        2,
        LogLevel.Warning,
        "All {Nodes} storage nodes keep their copies below {Data}: they survive a lost file or process, not a lost disk. Back up, or use more machines."
    )]
    public static partial void OneDisk(this ILogger log, int nodes, string data);

    [LoggerMessage(
        3,
        LogLevel.Warning,
        "A root key was made: {Path}. Keep a copy of it somewhere else: without it every stored byte is lost."
    )]
    public static partial void RootKeyMade(this ILogger log, string path);

    [LoggerMessage(4, LogLevel.Information, "Stopping.")]
    public static partial void Stopping(this ILogger log);

    [LoggerMessage(5, LogLevel.Critical, "{Part} ended by itself; stopping everything.")]
    public static partial void PartEnded(this ILogger log, string part);

    [LoggerMessage(6, LogLevel.Warning, "Waiting for {Part} to be ready: {Obstacle}.")]
    public static partial void NotReady(this ILogger log, Uri part, string obstacle);
}
