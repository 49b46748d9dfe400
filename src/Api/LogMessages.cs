using Microsoft.Extensions.Logging;

namespace FileSharing.Api;

/// <summary>Everything that the API logs. No token, password, key or signed URL is among the arguments.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(1, LogLevel.Information, "Listening on {Address}")]
    public static partial void Listening(this ILogger log, Uri address);

    [LoggerMessage(2, LogLevel.Information, "Applied migration {Name}")]
    public static partial void Migrated(this ILogger log, string name);

    [LoggerMessage(3, LogLevel.Information, "Created the administrator {Email}; the password is in {File}")]
    public static partial void AdministratorCreated(this ILogger log, string email, string file);

    [LoggerMessage(4, LogLevel.Error, "{Method} {Path} failed")]
    public static partial void RequestFailed(this ILogger log, Exception error, string method, string path);

    [LoggerMessage(5, LogLevel.Warning, "Postgres cannot be reached: {Message}")]
    public static partial void DatabaseUnavailable(this ILogger log, string message);

    [LoggerMessage(6, LogLevel.Information, "Node {Name} joined as {NodeId}")]
    public static partial void NodeJoined(this ILogger log, string name, Guid nodeId);

    [LoggerMessage(7, LogLevel.Information, "Node {NodeId} registered at {Url} with {Volumes} volumes")]
    public static partial void NodeRegistered(this ILogger log, Guid nodeId, Uri url, int volumes);

    [LoggerMessage(8, LogLevel.Information, "Cluster map {Version} holds, with {Nodes} nodes")]
    public static partial void MapPublished(this ILogger log, long version, int nodes);

    [LoggerMessage(9, LogLevel.Warning, "A storage node did not answer {Call}: {Message}")]
    public static partial void NodeCallFailed(this ILogger log, string call, string message);

    [LoggerMessage(10, LogLevel.Warning, "Background work {Name} failed and will run again")]
    public static partial void BackgroundFailed(this ILogger log, Exception error, string name);

    [LoggerMessage(11, LogLevel.Information, "{Expired} uploads expired, {Forgotten} ended ones were forgotten")]
    public static partial void UploadsSwept(this ILogger log, int expired, int forgotten);

    [LoggerMessage(
        12,
        LogLevel.Warning,
        "Copies: {UnderReplicated} of {Contents} have fewer than 3, {Missing} have none"
    )]
    public static partial void CopiesWanting(this ILogger log, long underReplicated, long contents, long missing);

    [LoggerMessage(13, LogLevel.Warning, "Login for {Email} from {Address} is throttled")]
    public static partial void LoginThrottled(this ILogger log, string email, string address);

    [LoggerMessage(30, LogLevel.Information, "Made data key {KeyId}; the storage nodes are to store it")]
    public static partial void DataKeyMade(this ILogger log, uint keyId);

    [LoggerMessage(31, LogLevel.Information, "Data key {KeyId} is stored; it seals new records from now on")]
    public static partial void DataKeyActivated(this ILogger log, uint keyId);

    [LoggerMessage(32, LogLevel.Warning, "{Nodes} nodes and {Volumes} volumes are cut off: nobody waits for them")]
    public static partial void CutOff(this ILogger log, int nodes, int volumes);

    [LoggerMessage(33, LogLevel.Warning, "Applied a layout: {Replaced} volumes are away and replaced, {Back} are back")]
    public static partial void LayoutAutomatic(this ILogger log, int replaced, int back);

    [LoggerMessage(34, LogLevel.Warning, "Volumes that are away cannot be replaced: {Message}")]
    public static partial void ReplacementRefused(this ILogger log, string message);

    [LoggerMessage(35, LogLevel.Information, "{Ended} moves of partitions ended, {UnderWay} are under way")]
    public static partial void MovesEnded(this ILogger log, int ended, int underWay);
}
