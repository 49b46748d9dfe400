using FileSharing.Api.Placement;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Wire;
using FileSharing.Metadata;
using Microsoft.Extensions.Logging;

namespace FileSharing.Api.Background;

/// <summary>What one walk over everything that is referred to found.</summary>
/// <param name="Chunks">Distinct chunks of live versions.</param>
/// <param name="UnderReplicated">Chunks and manifests with fewer copies than the map has owners for them.</param>
/// <param name="Missing">Of these, those with no copy at all.</param>
internal sealed record CopyEvidence(long Chunks, long UnderReplicated, long Missing, DateTimeOffset VerifiedAt);

/// <summary>
/// Counts the copies of every chunk and manifest that a version refers to, by asking each owner. Health is evidence: a volume that cannot be asked has no copy.
/// It must never count what is scheduled or believed.
/// </summary>
internal sealed class CopyAudit(
    Contents contents,
    ClusterState state,
    CopySearch search,
    TimeProvider time,
    ILogger<CopyAudit> log
) : Periodic("copy-audit", TimeSpan.FromSeconds(60), time, log)
{
    /// <summary>A walk that a request asks for is not repeated before this.</summary>
    public static readonly TimeSpan AgeMax = TimeSpan.FromSeconds(5);

    /// <summary>How long a request waits for a walk; then it gets the evidence of the last one, with its age.</summary>
    public static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(20);

    /// <summary>Copies that every chunk is to have.</summary>
    private const int Copies = 3;

    private readonly Lock gate = new();
    private readonly TimeProvider clock = time;
    private Task<CopyEvidence>? running;
    private volatile CopyEvidence? last;

    /// <summary>Evidence not older than <see cref="AgeMax"/> if a walk takes less than <see cref="WaitMax"/>; else the last there is, null before the first.</summary>
    public async Task<CopyEvidence?> FreshAsync(CancellationToken ct)
    {
        if (last is { } known && clock.GetUtcNow() - known.VerifiedAt < AgeMax)
        {
            return known;
        }

        try
        {
            return await Walk().WaitAsync(WaitMax, clock, ct);
        }
        catch (Exception e) when (e is TimeoutException or ClusterFormingException)
        {
            return last;
        }
    }

    protected override Task RunOnceAsync(CancellationToken ct) =>
        state.Map.Current is null ? Task.CompletedTask : Walk().WaitAsync(ct);

    /// <summary>One walk at a time; who asks meanwhile gets its result.</summary>
    private Task<CopyEvidence> Walk()
    {
        lock (gate)
        {
            if (running is null or { IsCompleted: true })
            {
                running = Task.Run(() => WalkAsync(CancellationToken.None));
            }

            return running;
        }
    }

    private async Task<CopyEvidence> WalkAsync(CancellationToken ct)
    {
        var started = clock.GetUtcNow();
        var chunks = await CountAsync(contents.LiveChunksAsync, ct);
        var manifests = await CountAsync(contents.LiveManifestsAsync, ct);
        var evidence = new CopyEvidence(
            chunks.Ids,
            chunks.UnderReplicated + manifests.UnderReplicated,
            chunks.Missing + manifests.Missing,
            started
        );
        if (evidence.UnderReplicated > 0)
        {
            log.CopiesWanting(evidence.UnderReplicated, chunks.Ids + manifests.Ids, evidence.Missing);
        }

        last = evidence;
        return evidence;
    }

    private async Task<(long Ids, long UnderReplicated, long Missing)> CountAsync(
        Func<ChunkId?, int, CancellationToken, Task<List<ChunkId>>> page,
        CancellationToken ct
    )
    {
        long count = 0;
        long underReplicated = 0;
        long missing = 0;
        ChunkId? after = null;
        while (true)
        {
            var ids = await page(after, AdoptRequest.IdsMax, ct);
            if (ids.Count == 0)
            {
                return (count, underReplicated, missing);
            }

            var map = state.Map.Required;
            var questions = ids.SelectMany(id => map.OwnersOf(id).Select(volume => (volume, id)));
            var copies = (await search.AskAsync(questions, ct)).Copies;
            count += ids.Count;
            underReplicated += ids.Count(id => copies.GetValueOrDefault(id) < Copies);
            missing += ids.Count(id => !copies.ContainsKey(id));
            after = ids[^1];
        }
    }
}
