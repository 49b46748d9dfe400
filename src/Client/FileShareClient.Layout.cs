using FileSharing.Client.Wire;

namespace FileSharing.Client;

/// <summary>Which volumes hold how much. Needs an administrator's token.</summary>
public sealed partial class FileShareClient
{
    public Task<LayoutStatus> GetLayoutAsync(CancellationToken cancellation = default) =>
        api.GetAsync("admin/layout", WireJson.Default.LayoutStatus, cancellation);

    /// <summary>Stages a change; nothing moves before <see cref="ApplyLayoutAsync"/>.</summary>
    /// <param name="operation">add, remove, reweight or drain.</param>
    /// <param name="volume">A name such as 2/1, or an id.</param>
    /// <param name="weight">For add (its capacity when null) and reweight.</param>
    /// <exception cref="FileShareException"><c>not-found</c> volume, <c>layout-refused</c>, <c>invalid-request</c>.</exception>
    public Task<LayoutStatus> ChangeLayoutAsync(
        string operation,
        string volume,
        double? weight = null,
        CancellationToken cancellation = default
    ) =>
        api.SendAsync(
            HttpMethod.Post,
            "admin/layout/changes",
            new LayoutChangeRequest(operation, volume, weight),
            WireJson.Default.LayoutChangeRequest,
            WireJson.Default.LayoutStatus,
            cancellation
        );

    /// <summary>What would move if the staged changes were applied now.</summary>
    /// <exception cref="FileShareException"><c>layout-refused</c>: nothing is staged, or it would not keep three copies.</exception>
    public Task<LayoutPlan> PlanLayoutAsync(CancellationToken cancellation = default) =>
        api.PostAsync("admin/layout/plan", WireJson.Default.LayoutPlan, cancellation);

    /// <summary>Makes the staged changes the layout; the cluster then moves what has to move, by itself.</summary>
    /// <param name="plan">Only if it is still this plan; null for whatever it is.</param>
    /// <exception cref="FileShareException"><c>plan-changed</c>, and as <see cref="PlanLayoutAsync"/>.</exception>
    public Task<LayoutPlan> ApplyLayoutAsync(string? plan = null, CancellationToken cancellation = default) =>
        api.SendAsync(
            HttpMethod.Post,
            "admin/layout/apply",
            new LayoutApplyRequest(plan),
            WireJson.Default.LayoutApplyRequest,
            WireJson.Default.LayoutPlan,
            cancellation
        );

    /// <summary>Throws staged changes away; when there are none, the layout before the present one is the layout again.</summary>
    public Task<LayoutRevert> RevertLayoutAsync(CancellationToken cancellation = default) =>
        api.PostAsync("admin/layout/revert", WireJson.Default.LayoutRevert, cancellation);

    /// <summary>What no volume has any more, or would have if some never came back, page by page.</summary>
    /// <param name="volumes">Names or ids of volumes that are cut off; none for what is missing now, whatever it was on.</param>
    /// <exception cref="FileShareException"><c>not-found</c> volume, <c>layout-refused</c>: one is not cut off.</exception>
    public IAsyncEnumerable<MissingRecord> ListLossesAsync(
        IReadOnlyList<string> volumes,
        CancellationToken cancellation = default
    ) =>
        ListAsync(
            "admin/layout/losses",
            WireJson.Default.PageMissingRecord,
            cancellation,
            string.Concat(volumes.Select(volume => $"&volume={Uri.EscapeDataString(volume)}"))
        );

    /// <summary>
    /// Gives volumes up for good: what was on no other is lost, and the layout goes on without them. One that turns up all the same is taken in again.
    /// </summary>
    /// <param name="volumes">Names or ids of volumes that are cut off.</param>
    /// <returns>What moves.</returns>
    /// <exception cref="FileShareException"><c>not-found</c> volume, <c>layout-refused</c>: one is not cut off, or three nodes would not remain.</exception>
    public Task<LayoutPlan> AcceptLossAsync(IReadOnlyList<string> volumes, CancellationToken cancellation = default) =>
        api.SendAsync(
            HttpMethod.Post,
            "admin/layout/accept-loss",
            new AcceptLossRequest(volumes),
            WireJson.Default.AcceptLossRequest,
            WireJson.Default.LayoutPlan,
            cancellation
        );

    public Task<RepairBudget> GetRepairBudgetAsync(CancellationToken cancellation = default) =>
        api.GetAsync("admin/repair/budget", WireJson.Default.RepairBudget, cancellation);

    /// <summary>Changes what each volume may do for moves and repair; it holds within seconds.</summary>
    public Task<RepairBudget> SetRepairBudgetAsync(
        RepairBudgetChange change,
        CancellationToken cancellation = default
    ) =>
        api.SendAsync(
            HttpMethod.Put,
            "admin/repair/budget",
            change,
            WireJson.Default.RepairBudgetChange,
            WireJson.Default.RepairBudget,
            cancellation
        );
}
