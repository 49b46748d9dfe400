namespace FileSharing.Api.Placement;

/// <summary>How calls to storage nodes fail.</summary>
internal static class NodeCalls
{
    /// <summary>True for a node that refused, broke off or took too long; false when it is this side that gave up.</summary>
    public static bool IsFailure(Exception e, CancellationToken ct) =>
        e is HttpRequestException or IOException or System.Text.Json.JsonException
        || (e is OperationCanceledException && !ct.IsCancellationRequested);
}
