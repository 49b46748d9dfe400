using FileSharing.Api.Auth;
using FileSharing.Api.Background;
using FileSharing.Api.Placement;
using FileSharing.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FileSharing.Api.Frontends.Rest;

/// <summary>GET /health/live, /health/ready, /health/cluster</summary>
internal static class Health
{
    private const string Healthy = "healthy";
    private const string Unhealthy = "unhealthy";
    private static readonly TimeSpan DatabaseAnswerMax = TimeSpan.FromSeconds(2);

    public static HealthReply Live() => new(Healthy, null);

    public static async Task<JsonHttpResult<HealthReply>> ReadyAsync(
        HttpContext context,
        MetadataDb db,
        ClusterState cluster
    )
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        timeout.CancelAfter(DatabaseAnswerMax);
        var problem =
            !await db.AnswersAsync(timeout.Token) ? "Postgres does not answer."
            : cluster.Map.Current is null ? "The cluster has no map yet: not enough storage nodes have registered."
            : null;
        return TypedResults.Json(
            new HealthReply(problem is null ? Healthy : Unhealthy, problem),
            RestJson.Default.HealthReply,
            statusCode: problem is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable
        );
    }

    /// <summary>Healthy only by evidence: every chunk and manifest that a version refers to was found on all its owners. Which nodes there are is for
    /// administrators' eyes.</summary>
    public static async Task<JsonHttpResult<ClusterHealthReply>> ClusterAsync(
        HttpContext context,
        CopyAudit audit,
        NodeStates states,
        ClusterState cluster,
        RepairStatus repair,
        TimeProvider time
    )
    {
        var ct = context.RequestAborted;
        var evidence = cluster.Map.Current is null ? null : await audit.FreshAsync(ct);
        var answers = await states.AnswersAsync(ct);
        var nodes = NodeStates.Messages(answers);
        var queue = RepairStatus.QueueOf(nodes);
        var moves = await repair.MovesAsync(answers, ct);
        var comparisons = await repair.ComparisonsAsync(ct);
        var isHealthy = evidence is { UnderReplicated: 0, Missing: 0 };
        return TypedResults.Json(
            new ClusterHealthReply(
                isHealthy ? Healthy : Unhealthy,
                evidence?.UnderReplicated,
                evidence?.Missing,
                evidence is null ? null : (time.GetUtcNow() - evidence.VerifiedAt).TotalSeconds,
                nodes.Count,
                nodes.Count(n => n.State == NodeStates.Up),
                queue,
                RepairStatus.EstimateOf(queue, moves, comparisons),
                NodeStates.DamagedOf(nodes),
                NodeStates.VolumesAwayOf(nodes),
                NodeStates.ChallengesFailedOf(nodes),
                moves,
                comparisons,
                context.Features.Get<Principal>() is { User.IsAdministrator: true, Scope: Scope.Full } ? nodes : null
            ),
            RestJson.Default.ClusterHealthReply,
            statusCode: isHealthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable
        );
    }
}
