using FileSharing.Cluster.Map;
using FileSharing.Metadata;

namespace FileSharing.Api.Placement;

/// <summary>Stages, plans, applies and reverts layouts: docs/cluster.md, section 3.</summary>
internal sealed class LayoutChanges(ClusterState cluster, MapMaker maps, LayoutStore store, NodeRegistry registry)
{
    private const string MadeFirst = "the volumes of the first map";

    /// <summary>The layouts; the first one is made of the volumes of the map when there is none yet.</summary>
    /// <exception cref="ClusterFormingException">There is no map yet.</exception>
    public async Task<Layouts> ReadAsync(CancellationToken ct)
    {
        var layouts = await store.ReadAsync(ct);
        if (layouts.Applied is not null)
        {
            return layouts;
        }

        var map = cluster.Map.Required;
        var first = new Layout
        {
            Members = [.. map.Volumes.Select(v => new LayoutMember(v.VolumeId, v.Weight))],
            TargetTable = map.Table.ToBytes(),
            BaseMapVersion = map.Version,
            Author = Layout.Automatic,
            Reason = MadeFirst,
        };
        await store.ApplyAsync(first, null, layouts, ct);
        return await store.ReadAsync(ct);
    }

    /// <exception cref="ApiException">As <see cref="LayoutEdit.ApplyTo"/>; <see cref="ApiError.Conflict"/> when somebody else changed it meanwhile.</exception>
    public async Task StageAsync(LayoutEdit edit, string author, CancellationToken ct)
    {
        var layouts = await ReadAsync(ct);
        var directory = await VolumeDirectory.ReadAsync(registry, ct);
        var present = layouts.Staged ?? layouts.Applied!;
        var staged = new Layout
        {
            Members = edit.ApplyTo(present.Members, directory),
            BaseMapVersion = cluster.Map.Required.Version,
            Author = author,
            Reason = layouts.Staged is { } before ? $"{before.Reason}; {edit.Describe()}" : edit.Describe(),
        };
        await ConfirmAsync(store.StageAsync(staged, layouts, ct));
    }

    /// <summary>What would happen if what is staged were applied now.</summary>
    /// <exception cref="ApiException"><see cref="ApiError.LayoutRefused"/>: nothing is staged, or it cannot be.</exception>
    public async Task<LayoutPlan> PlanAsync(CancellationToken ct)
    {
        await maps.RefreshAsync(ct);
        return Plan(await ReadAsync(ct), await VolumeDirectory.ReadAsync(registry, ct));
    }

    /// <param name="planId">Only if it is still this plan; null for whatever it is.</param>
    /// <exception cref="ApiException">As <see cref="PlanAsync"/>; <see cref="ApiError.PlanChanged"/>; <see cref="ApiError.Conflict"/>.</exception>
    public async Task<LayoutPlan> ApplyAsync(string? planId, string author, CancellationToken ct)
    {
        await maps.RefreshAsync(ct);
        var layouts = await ReadAsync(ct);
        var plan = Plan(layouts, await VolumeDirectory.ReadAsync(registry, ct));
        if (planId is not null && planId != plan.Id)
        {
            throw new ApiException(
                ApiError.PlanChanged,
                $"What is staged, or the map, has changed since plan {planId}. Look at the new plan, {plan.Id}, and apply that."
            );
        }

        await ConfirmAsync(ApplyAsync(plan, author, layouts.Staged!.Reason, null, layouts, ct));
        return plan;
    }

    /// <returns>What was thrown away.</returns>
    /// <exception cref="ApiException"><see cref="ApiError.Conflict"/> when somebody else changed it meanwhile.</exception>
    /// <exception cref="MetadataException"><see cref="MetadataError.Conflict"/>: there is nothing to go back to.</exception>
    public async Task<Layout> RevertAsync(CancellationToken ct)
    {
        var layouts = await ReadAsync(ct);
        await ConfirmAsync(store.RevertAsync(layouts, ct));
        return layouts.Staged ?? layouts.Applied!;
    }

    /// <summary>A layout of the API's own: volumes that are away are taken out, or taken in again when they are back.</summary>
    /// <param name="replaced">Whether each of these members is to count as replaced.</param>
    /// <returns>False when somebody else changed something meanwhile.</returns>
    /// <exception cref="ApiException"><see cref="ApiError.LayoutRefused"/>.</exception>
    public async Task<bool> ApplyAutomaticAsync(
        Layouts layouts,
        IReadOnlyDictionary<Guid, bool> replaced,
        VolumeDirectory directory,
        CancellationToken ct
    )
    {
        var applied = layouts.Applied!;
        var plan = LayoutPlan.Make(
            cluster.Map.Required,
            Marked(applied.Members, replaced),
            applied.LayoutId,
            directory
        );
        var staged = layouts.Staged is { } open ? open with { Members = Marked(open.Members, replaced) } : null;
        var reason = string.Join(
            "; ",
            replaced.Select(v => $"{directory.NameOf(v.Key)} is {(v.Value ? "away: replaced" : "back: added again")}")
        );
        return await ApplyAsync(plan, Layout.Automatic, reason, staged, layouts, ct);
    }

    private static IReadOnlyList<LayoutMember> Marked(
        IReadOnlyList<LayoutMember> members,
        IReadOnlyDictionary<Guid, bool> replaced
    ) =>
        [.. members.Select(m => replaced.TryGetValue(m.VolumeId, out var isAway) ? m with { IsReplaced = isAway } : m)];

    private LayoutPlan Plan(Layouts layouts, VolumeDirectory directory) =>
        layouts.Staged is { } staged
            ? LayoutPlan.Make(cluster.Map.Required, staged.Members, layouts.Applied!.LayoutId, directory)
            : throw new ApiException(
                ApiError.LayoutRefused,
                "Nothing is staged. Stage changes first: add, remove, reweight or drain a volume."
            );

    private Task<bool> ApplyAsync(
        LayoutPlan plan,
        string author,
        string reason,
        Layout? stagedThen,
        Layouts seen,
        CancellationToken ct
    ) =>
        store.ApplyAsync(
            new Layout
            {
                Members = plan.Members,
                TargetTable = plan.Table.ToBytes(),
                BaseMapVersion = cluster.Map.Required.Version,
                Author = author,
                Reason = reason,
            },
            stagedThen,
            seen,
            ct
        );

    private static async Task ConfirmAsync(Task<bool> change)
    {
        if (!await change)
        {
            throw new ApiException(
                ApiError.Conflict,
                "Somebody else changed the layout at the same moment. Look at it, and try again."
            );
        }
    }
}
