using FileSharing.Api.Background;
using FileSharing.Api.Placement;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FileSharing.Api.Frontends.Rest;

/// <summary>What the nodes say about themselves, asked now.</summary>
internal sealed class NodeStates(ClusterState state, NodeClient nodes, NodeWatch watch, ILogger<NodeStates> log)
{
    /// <summary>The state of a node that answered.</summary>
    public const string Up = "up";

    public bool IsReachable(MapNode node) => watch.IsReachable(node.NodeId);

    public async Task<IReadOnlyList<NodeMessage>> AllAsync(CancellationToken ct) => Messages(await AnswersAsync(ct));

    public static IReadOnlyList<NodeMessage> Messages(IReadOnlyList<NodeAnswer> answers)
    {
        var unproved = answers
            .SelectMany(answer => answer.Status?.Volumes ?? [])
            .SelectMany(asking => asking.ChallengesFailed)
            .ToLookup(failed => failed.Key, failed => failed.Value);
        return
        [
            .. answers.Select(answer =>
                answer.Status is { } status
                    ? Message(answer.Node, Up, null, [.. status.Volumes.Select(v => Message(answer.Node, v, unproved))])
                    : Message(answer.Node, "unreachable", answer.Reason, [])
            ),
        ];
    }

    /// <summary>Records known to be damaged on the nodes that answered, not healed yet.</summary>
    public static long DamagedOf(IReadOnlyList<NodeMessage> nodes) => nodes.Sum(n => n.Volumes.Sum(v => v.Damaged));

    /// <summary>Records that volumes listed and could not prove to others, since these were opened.</summary>
    public static long ChallengesFailedOf(IReadOnlyList<NodeMessage> nodes) =>
        nodes.Sum(n => n.Volumes.Sum(v => v.ChallengesFailed));

    /// <summary>Volumes that the nodes which answered cannot serve.</summary>
    public static int VolumesAwayOf(IReadOnlyList<NodeMessage> nodes) =>
        nodes.Sum(n => n.Volumes.Count(v => v.Condition is "opening" or "failed" or "refused"));

    public async Task<IReadOnlyList<NodeAnswer>> AnswersAsync(CancellationToken ct) =>
        await Task.WhenAll((state.Map.Current?.Nodes ?? []).Select(node => AnswerAsync(node, ct)));

    private async Task<NodeAnswer> AnswerAsync(MapNode node, CancellationToken ct)
    {
        if (!IsReachable(node))
        {
            return new NodeAnswer(node, null, watch.ReasonOf(node.NodeId));
        }

        try
        {
            return new NodeAnswer(node, await nodes.StatusAsync(node, ct), null);
        }
        catch (Exception e) when (NodeCalls.IsFailure(e, ct))
        {
            log.NodeCallFailed("status", e.Message);
            return new NodeAnswer(node, null, e.Message);
        }
    }

    private static NodeMessage Message(
        MapNode node,
        string state,
        string? reason,
        IReadOnlyList<VolumeMessage> volumes
    ) => new(node.NodeId, node.Name, node.Url.GetLeftPart(UriPartial.Authority), node.Zone, state, reason, volumes);

    private static VolumeMessage Message(MapNode node, VolumeStatus v, ILookup<Guid, long> unproved) =>
        new(
            VolumeName.Of(node, v.Number),
            v.VolumeId,
            v.Directory,
            v.Condition,
            v.Reason,
            v.Records,
            v.LiveRecordBytes,
            v.DiskBytes,
            v.FreeBytes,
            v.Owed,
            v.Damaged,
            v.VolumeId is { } id ? unproved[id].Sum() : 0,
            v.BytesReclaimed,
            v.BytesFetched
        );
}

/// <summary>GET /admin/status, POST /admin/nodes/tokens</summary>
internal static class ClusterStatus
{
    public static async Task<ClusterStatusReply> GetAsync(
        HttpContext context,
        Contents contents,
        CopyAudit audit,
        NodeStates states,
        ClusterState cluster,
        RepairStatus repair,
        TimeProvider time
    )
    {
        var ct = context.RequestAborted;
        var evidence = await audit.FreshAsync(ct);
        var totals = await contents.TotalsAsync(ct);
        var answers = await states.AnswersAsync(ct);
        var nodes = NodeStates.Messages(answers);
        var queue = RepairStatus.QueueOf(nodes);
        var moves = await repair.MovesAsync(answers, ct);
        var comparisons = await repair.ComparisonsAsync(ct);
        return new ClusterStatusReply(
            totals.LogicalBytes,
            nodes.Sum(n => n.Volumes.Sum(v => v.LiveRecordBytes)),
            nodes.Sum(n => n.Volumes.Sum(v => v.DiskBytes)),
            evidence?.Chunks ?? 0,
            totals.Files,
            totals.Users,
            evidence?.UnderReplicated,
            evidence?.Missing,
            evidence?.VerifiedAt,
            evidence is null ? null : (time.GetUtcNow() - evidence.VerifiedAt).TotalSeconds,
            cluster.Map.Current?.Version ?? 0,
            NodeStates.DamagedOf(nodes),
            NodeStates.VolumesAwayOf(nodes),
            NodeStates.ChallengesFailedOf(nodes),
            queue,
            RepairStatus.EstimateOf(queue, moves, comparisons),
            moves,
            comparisons,
            await repair.UnavailableAsync(ct),
            nodes
        );
    }

    public static async Task<JoinTokenReply> CreateTokenAsync(
        NewJoinTokenRequest? request,
        HttpContext context,
        NodeRegistry registry,
        ApiSettings settings
    )
    {
        var (token, expires) = await registry.CreateTokenAsync(
            request?.Name,
            settings.JoinTokenLifetime,
            context.RequestAborted
        );
        return new JoinTokenReply(token, expires);
    }
}
