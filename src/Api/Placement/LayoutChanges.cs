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
        var reason = string.Join(
            "; ",
            replaced.Select(v => $"{directory.NameOf(v.Key)} is {(v.Value ? "away: replaced" : "back: added again")}")
        );
        var (isApplied, _) = await ApplyAtOnceAsync(
            members =>
                [
                    .. members.Select(m =>
                        replaced.TryGetValue(m.VolumeId, out var isAway)
                            ? m with
                            {
                                IsReplaced = isAway,
                                IsLost = isAway && m.IsLost,
                            }
                            : m
                    ),
                ],
            Layout.Automatic,
            reason,
            layouts,
            directory,
            ct
        );
        return isApplied;
    }

    /// <summary>
    /// Gives volumes up for good: they are replaced, and partitions of which all owners are given up get new, empty ones. A volume that turns up all the same is added again.
    /// </summary>
    /// <param name="volumes">Names such as 2/1, or ids.</param>
    /// <param name="cutOff">Volumes that were silent for so long that nobody waits for them: no other is given up.</param>
    /// <returns>What moves.</returns>
    /// <exception cref="ApiException">
    /// <see cref="ApiError.NotFound"/>; <see cref="ApiError.LayoutRefused"/>: one is not cut off, or three nodes would not remain; <see cref="ApiError.Conflict"/>.
    /// </exception>
    public async Task<LayoutPlan> AcceptLossAsync(
        IReadOnlyList<string> volumes,
        IReadOnlySet<Guid> cutOff,
        string author,
        CancellationToken ct
    )
    {
        await maps.RefreshAsync(ct);
        var layouts = await ReadAsync(ct);
        var directory = await VolumeDirectory.ReadAsync(registry, ct);
        var lost = GivenUp(volumes, layouts, cutOff, directory);
        var reason = $"accept the loss of {string.Join(", ", lost.Select(directory.NameOf))}";
        var (isApplied, plan) = await ApplyAtOnceAsync(Lose, author, reason, layouts, directory, ct);
        await ConfirmAsync(Task.FromResult(isApplied));
        return plan;

        IReadOnlyList<LayoutMember> Lose(IReadOnlyList<LayoutMember> members) =>
            [
                .. members.Select(m => lost.Contains(m.VolumeId) ? m with { IsReplaced = true, IsLost = true } : m),
                // One that was to leave anyway, and had not given everything away.
                .. lost.Except(members.Select(m => m.VolumeId))
                    .Select(id => new LayoutMember(id, 0, IsReplaced: true, IsLost: true)),
            ];
    }

    /// <summary>The volumes that these names mean: those that may be given up.</summary>
    /// <inheritdoc cref="AcceptLossAsync" path="/exception"/>
    public IReadOnlyList<Guid> GivenUp(
        IReadOnlyList<string> volumes,
        Layouts layouts,
        IReadOnlySet<Guid> cutOff,
        VolumeDirectory directory
    )
    {
        var inUse = cluster
            .Map.Required.Volumes.Select(v => v.VolumeId)
            .Union(layouts.Applied!.Members.Select(m => m.VolumeId))
            .ToHashSet();
        return [.. volumes.Select(One).Distinct()];

        Guid One(string name)
        {
            var id = directory.Find(name, id => inUse.Contains(id) && cutOff.Contains(id)).VolumeId;
            return !inUse.Contains(id)
                    ? throw new ApiException(
                        ApiError.LayoutRefused,
                        $"Volume {directory.NameOf(id)} is not in the layout, and owns nothing."
                    )
                : cutOff.Contains(id) ? id
                : throw new ApiException(
                    ApiError.LayoutRefused,
                    $"Volume {directory.NameOf(id)} is up, or was heard of not long ago. Only what is 'cut off' in 'fileshare admin layout show' can be given up: wait for that, or drain or remove the volume."
                );
        }
    }

    /// <summary>Plans and applies a change of the members; what is staged gets the same change, and stays staged.</summary>
    private async Task<(bool IsApplied, LayoutPlan Plan)> ApplyAtOnceAsync(
        Func<IReadOnlyList<LayoutMember>, IReadOnlyList<LayoutMember>> change,
        string author,
        string reason,
        Layouts layouts,
        VolumeDirectory directory,
        CancellationToken ct
    )
    {
        var applied = layouts.Applied!;
        var plan = LayoutPlan.Make(cluster.Map.Required, change(applied.Members), applied.LayoutId, directory);
        var staged = layouts.Staged is { } open ? open with { Members = change(open.Members) } : null;
        return (await ApplyAsync(plan, author, reason, staged, layouts, ct), plan);
    }

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
