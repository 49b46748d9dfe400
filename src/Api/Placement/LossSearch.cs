using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Wire;
using FileSharing.Metadata;

namespace FileSharing.Api.Placement;

/// <summary>A chunk or manifest of a live version of which no volume says that it has a copy.</summary>
/// <param name="MayBeOn">Volumes that could not be asked and are not given up. When there is none, it is lost.</param>
internal sealed record MissingContent(ChunkId Id, RecordKind Kind, IReadOnlyList<Guid> MayBeOn);

/// <summary>A place in the walk over everything that versions refer to.</summary>
/// <param name="After">The last id that was looked at; null for the start of the kind.</param>
internal readonly record struct WalkPlace(RecordKind Kind, ChunkId? After)
{
    public static WalkPlace Start => new(RecordKind.Chunk, null);
}

/// <param name="Next">Where the next page begins; null when this is the last.</param>
internal sealed record MissingPage(IReadOnlyList<MissingContent> Items, WalkPlace? Next);

/// <summary>
/// Finds what no volume has any more, or would have if some never came back. It asks every volume of the map, not only the owners: a copy that is a stray is delivered, and so is not
/// lost.
/// </summary>
/// <param name="ask">As <see cref="CopySearch.AskAsync"/>.</param>
internal sealed class LossSearch(
    Contents contents,
    MapHolder maps,
    Func<IEnumerable<(MapVolume Volume, ChunkId Id)>, CancellationToken, Task<FoundCopies>> ask
)
{
    /// <summary>Ids that one call looks at: a page may be short, or empty, and yet not be the last.</summary>
    private const int IdsAPageMax = 10 * AdoptRequest.IdsMax;

    /// <param name="named">Only what these volumes may have had; empty for everything.</param>
    /// <param name="givenUp">Volumes that are not waited for.</param>
    public async Task<MissingPage> PageAsync(
        IReadOnlySet<Guid> named,
        IReadOnlySet<Guid> givenUp,
        WalkPlace from,
        int limit,
        CancellationToken ct
    )
    {
        var found = new List<MissingContent>();
        var place = from;
        for (var looked = 0; looked < IdsAPageMax; looked += AdoptRequest.IdsMax)
        {
            var ids =
                place.Kind == RecordKind.Chunk
                    ? await contents.LiveChunksAsync(place.After, AdoptRequest.IdsMax, ct)
                    : await contents.LiveManifestsAsync(place.After, AdoptRequest.IdsMax, ct);
            if (ids.Count == 0)
            {
                if (place.Kind == RecordKind.Manifest)
                {
                    return new MissingPage(found, null);
                }

                place = new WalkPlace(RecordKind.Manifest, null);
                continue;
            }

            var missing = await MissingAsync(ids, named, givenUp, ct);
            foreach (var (id, mayBeOn) in missing)
            {
                found.Add(new MissingContent(id, place.Kind, mayBeOn));
                if (found.Count == limit)
                {
                    return new MissingPage(found, place with { After = id });
                }
            }

            place = place with { After = ids[^1] };
        }

        return new MissingPage(found, place);
    }

    private async Task<List<(ChunkId Id, IReadOnlyList<Guid> MayBeOn)>> MissingAsync(
        List<ChunkId> ids,
        IReadOnlySet<Guid> named,
        IReadOnlySet<Guid> givenUp,
        CancellationToken ct
    )
    {
        var map = maps.Required;
        var asked = ids.Where(id => named.Count == 0 || Readers(id).Any(reader => named.Contains(reader.VolumeId)))
            .ToList();
        var likely = await ask(asked.SelectMany(id => Readers(id).Select(v => (v, id))), ct);
        var rest = asked.Where(id => !likely.Copies.ContainsKey(id)).ToList();
        var others = await ask(rest.SelectMany(id => map.Volumes.Except(Readers(id)).Select(v => (v, id))), ct);
        return
        [
            .. rest.Where(id => !others.Copies.ContainsKey(id))
                .Select(id =>
                    (
                        id,
                        (IReadOnlyList<Guid>)
                            [
                                .. Readers(id)
                                    .Select(v => v.VolumeId)
                                    .Where(likely.Unanswered.Contains)
                                    .Concat(others.Unanswered)
                                    .Distinct()
                                    .Where(volume => !givenUp.Contains(volume)),
                            ]
                    )
                ),
        ];

        IReadOnlyList<MapVolume> Readers(ChunkId id) => map.ReplicasOf(id).Readers;
    }
}
