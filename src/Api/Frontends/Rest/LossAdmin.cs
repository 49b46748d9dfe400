using FileSharing.Api.Auth;
using FileSharing.Api.Placement;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Metadata;
using Microsoft.AspNetCore.Http;

namespace FileSharing.Api.Frontends.Rest;

/// <summary>GET /admin/layout/losses, POST /admin/layout/accept-loss</summary>
internal sealed class LossAdmin(
    LayoutChanges layouts,
    LossSearch search,
    ContentUses uses,
    NodeRegistry registry,
    Heartbeats heartbeats
)
{
    /// <summary>Versions that are listed of one chunk.</summary>
    private const int UsesListed = 100;

    /// <summary>Separates kind and id in a cursor.</summary>
    private const char CursorGap = ':';

    public static Task<LossPage> GetAsync(
        string[]? volume,
        string? cursor,
        int? limit,
        HttpContext context,
        LossAdmin admin
    ) => admin.PageAsync(volume ?? [], PlaceOf(cursor), limit, context.RequestAborted);

    public static async Task<LayoutPlanReply> AcceptAsync(
        AcceptLossRequest request,
        HttpContext context,
        LossAdmin admin,
        LayoutChanges layouts,
        LayoutAdmin layoutAdmin
    )
    {
        var ct = context.RequestAborted;
        if (request.Volumes is not { Count: > 0 } volumes)
        {
            throw new ApiException(
                ApiError.InvalidRequest,
                "volumes is needed: the names or ids of those that never come back."
            );
        }

        var cutOff = await admin.CutOffAsync(ct);
        var plan = await layouts.AcceptLossAsync(volumes, cutOff, context.User().Email, ct);
        return await layoutAdmin.DescribeAsync(plan, ct);
    }

    private async Task<LossPage> PageAsync(string[] names, WalkPlace from, int? limit, CancellationToken ct)
    {
        var present = await layouts.ReadAsync(ct);
        var directory = await VolumeDirectory.ReadAsync(registry, ct);
        var named = layouts.GivenUp(names, present, await CutOffAsync(ct), directory).ToHashSet();
        var givenUp = present.Applied!.Members.Where(m => m.IsLost).Select(m => m.VolumeId).Union(named).ToHashSet();
        var size = Math.Min(Limits.LossesAPageMax, Paging.Limit(limit));
        var page = await search.PageAsync(named, givenUp, from, size, ct);
        var used = (await uses.OfAsync([.. page.Items.Select(item => item.Id)], UsesListed, ct)).ToLookup(
            use => new ChunkId(use.ContentId)
        );
        return new LossPage(
            [.. page.Items.Select(item => Message(item, [.. used[item.Id]], directory))],
            page.Next is { } next ? Paging.Cursor($"{(int)next.Kind}{CursorGap}{next.After}") : null
        );
    }

    private async Task<IReadOnlySet<Guid>> CutOffAsync(CancellationToken ct) =>
        (await heartbeats.ReadAsync(ct)).VolumesCutOff;

    private static LossMessage Message(MissingContent item, List<ContentUse> used, VolumeDirectory directory) =>
        new(
            item.Id,
            item.Kind == RecordKind.Chunk ? "chunk" : "manifest",
            used is [{ Size: > 0 } first, ..] ? first.Size : null,
            PartitionTable.PartitionOf(item.Id),
            [.. item.MayBeOn.Select(directory.NameOf)],
            [
                .. used.Select(use => new LossUseMessage(
                    use.FileId,
                    use.VersionId,
                    use.Owner,
                    use.Path,
                    use.IsCurrent,
                    use.IsTrashed
                )),
            ],
            used is [var any, ..] ? any.Uses : 0
        );

    private static WalkPlace PlaceOf(string? cursor)
    {
        if (Paging.Key(cursor) is not { } key)
        {
            return WalkPlace.Start;
        }

        if (
            key.Split(CursorGap) is not [var kind, var after]
            || !Enum.TryParse<RecordKind>(kind, out var known)
            || known is not (RecordKind.Chunk or RecordKind.Manifest)
        )
        {
            throw Paging.Wrong();
        }

        return after.Length == 0 ? new WalkPlace(known, null)
            : ChunkId.TryParse(after, null, out var id) ? new WalkPlace(known, id)
            : throw Paging.Wrong();
    }
}
