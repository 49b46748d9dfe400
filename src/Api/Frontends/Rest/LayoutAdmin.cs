using FileSharing.Api.Auth;
using FileSharing.Api.Placement;
using FileSharing.Cluster.Map;
using FileSharing.Metadata;
using Microsoft.AspNetCore.Http;

namespace FileSharing.Api.Frontends.Rest;

/// <summary>GET /admin/layout, POST /admin/layout/changes, /plan, /apply, /revert; GET and PUT /admin/repair/budget</summary>
internal sealed class LayoutAdmin(
    ClusterState cluster,
    LayoutChanges layouts,
    NodeStates states,
    NodeRegistry registry,
    Heartbeats heartbeats,
    RepairStatus repairs,
    RepairSettings repair
)
{
    public static Task<LayoutReply> GetAsync(HttpContext context, LayoutAdmin admin) =>
        admin.ShowAsync(context.RequestAborted);

    public static async Task<LayoutReply> ChangeAsync(
        LayoutChangeRequest request,
        HttpContext context,
        LayoutChanges layouts,
        LayoutAdmin admin
    )
    {
        if (request is not { Operation: not null, Volume: not null })
        {
            throw new ApiException(ApiError.InvalidRequest, "operation and volume are needed.");
        }

        await layouts.StageAsync(
            new LayoutEdit(request.Operation, request.Volume, request.Weight),
            context.User().Email,
            context.RequestAborted
        );
        return await admin.ShowAsync(context.RequestAborted);
    }

    public static async Task<LayoutPlanReply> PlanAsync(
        HttpContext context,
        LayoutChanges layouts,
        LayoutAdmin admin
    ) => await admin.DescribeAsync(await layouts.PlanAsync(context.RequestAborted), context.RequestAborted);

    public static async Task<LayoutPlanReply> ApplyAsync(
        LayoutApplyRequest? request,
        HttpContext context,
        LayoutChanges layouts,
        LayoutAdmin admin
    )
    {
        var plan = await layouts.ApplyAsync(request?.Plan, context.User().Email, context.RequestAborted);
        return await admin.DescribeAsync(plan, context.RequestAborted);
    }

    public static async Task<LayoutRevertReply> RevertAsync(HttpContext context, LayoutChanges layouts)
    {
        var gone = await layouts.RevertAsync(context.RequestAborted);
        return new LayoutRevertReply(gone.TargetTable is null ? "staged" : "applied", gone.Reason);
    }

    public static async Task<RepairBudgetReply> GetBudgetAsync(HttpContext context, RepairSettings repair)
    {
        var limits = await repair.ReadAsync(context.RequestAborted);
        return new(limits.RepairBytesPerSecond, limits.RepairShare);
    }

    public static async Task<RepairBudgetReply> SetBudgetAsync(
        RepairBudgetRequest request,
        HttpContext context,
        RepairSettings repair
    )
    {
        if (request is { BytesPerSecond: null, Share: null })
        {
            throw new ApiException(ApiError.InvalidRequest, "bytes_per_second or share is needed.");
        }

        await repair.SetBudgetAsync(request.BytesPerSecond, request.Share, context.RequestAborted);
        return await GetBudgetAsync(context, repair);
    }

    private async Task<LayoutReply> ShowAsync(CancellationToken ct)
    {
        var map = cluster.Map.Required;
        var present = await layouts.ReadAsync(ct);
        var applied = present.Applied!;
        var target = LayoutTarget.Of(applied);
        var directory = await VolumeDirectory.ReadAsync(registry, ct);
        var bytes = new PartitionBytes(map, await states.AnswersAsync(ct));
        var limits = await repair.ReadAsync(ct);
        var cutOff = (await heartbeats.ReadAsync(ct)).VolumesCutOff;
        var wanted = target.Table.CountsOf(target.Members.Count);
        var ofMap = map.Volumes.ToDictionary(v => v.VolumeId);
        var members = applied
            .Members.Zip(wanted)
            .Concat(
                map.Volumes.ExceptBy(applied.Members.Select(m => m.VolumeId), v => v.VolumeId)
                    .Select(v => (First: new LayoutMember(v.VolumeId, 0), Second: 0))
            )
            .Select(pair => Member(pair.First, pair.Second))
            .ToList();
        return new LayoutReply(
            applied.LayoutId,
            applied.Author,
            applied.Reason,
            applied.CreatedAt,
            map.Version,
            limits.MapFloor,
            limits.RepairBytesPerSecond,
            members,
            await repairs.MovesAsync(map, target, bytes, ct),
            present.Staged is { } staged ? Message(staged, directory) : null
        );

        LayoutMemberMessage Member(LayoutMember member, int partitionsWanted) =>
            new(
                directory.NameOf(member.VolumeId),
                member.VolumeId,
                directory.NodeOf(member.VolumeId).Name,
                directory.NodeOf(member.VolumeId).Zone,
                member.Weight,
                (double)partitionsWanted / (PartitionTable.Partitions * PartitionTable.Replicas),
                bytes.OwnedBy(member.VolumeId),
                partitionsWanted,
                bytes.On(member.VolumeId),
                member.IsLost ? "lost"
                    : member.IsReplaced ? "replaced"
                    : cutOff.Contains(member.VolumeId) ? "cut off"
                    : ofMap.GetValueOrDefault(member.VolumeId) is { IsDown: true } ? "down"
                    : NodeStates.Up
            );
    }

    private static StagedLayoutMessage Message(Layout staged, VolumeDirectory directory) =>
        new(
            staged.Author,
            staged.Reason,
            staged.CreatedAt,
            [.. staged.Members.Select(m => new StagedMemberMessage(directory.NameOf(m.VolumeId), m.VolumeId, m.Weight))]
        );

    public async Task<LayoutPlanReply> DescribeAsync(LayoutPlan plan, CancellationToken ct)
    {
        var bytes = new PartitionBytes(cluster.Map.Required, await states.AnswersAsync(ct));
        var budget = (await repair.ReadAsync(ct)).RepairBytesPerSecond;
        var directory = await VolumeDirectory.ReadAsync(registry, ct);
        var bytesIn = plan.BytesIn(bytes);
        var weights = plan.Members.ToDictionary(m => m.VolumeId, m => m.IsReplaced ? 0 : m.Weight);
        return new LayoutPlanReply(
            plan.Id,
            plan.Change.Moves.Count,
            plan.Minimum,
            (long)bytesIn.Sum(),
            bytesIn.Max() / budget,
            budget,
            [
                .. plan.Volumes.Select(
                    (id, i) =>
                        new PlanVolumeMessage(
                            directory.NameOf(id),
                            id,
                            weights.GetValueOrDefault(id),
                            plan.Before[i],
                            plan.After[i],
                            plan.Change.Gains[i],
                            plan.Change.Losses[i],
                            (long)bytesIn[i]
                        )
                ),
            ]
        );
    }
}
