using FileSharing.Api.Placement;
using FileSharing.Chunks;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Transport;
using FileSharing.Metadata;
using Microsoft.Extensions.Logging;

namespace FileSharing.Api.Uploads;

/// <summary>
/// Turns a session whose chunks are all proved into a version. A chunk counts as proved by a notification, by a receipt of this very session, or because it was adopted;
/// never because it exists.
/// </summary>
internal sealed class UploadCompletion(
    UploadSessions sessions,
    UploadCommit commit,
    ChunkProofs proofs,
    ReceiptSigner receipts,
    ClusterState state,
    NodeClient nodes,
    NodeWatch watch,
    ILogger<UploadCompletion> log
)
{
    /// <summary>How often the list is read, when parts are recorded again meanwhile.</summary>
    private const int AttemptsMax = 5;

    /// <param name="session">Open, of this user, its target authorised again just now.</param>
    /// <exception cref="ApiException"><see cref="ApiError.ReceiptRefused"/>; <see cref="ApiError.UploadIncomplete"/> with the missing parts;
    /// <see cref="ApiError.Conflict"/> when parts keep being sent again; <see cref="ApiError.FingerprintMismatch"/>; <see cref="ApiError.NotEnoughOwners"/> when the manifest finds no home.</exception>
    public async Task<CommittedUpload> CompleteAsync(
        UploadSession session,
        IReadOnlyList<Receipt> given,
        CancellationToken ct
    )
    {
        // 1. What the client brings as proof.
        await proofs.ApplyAsync(Checked(session, given), ct);

        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await CommitAsync(session, ct);
            }
            catch (MetadataException e) when (e.Error == MetadataError.UploadChanged && attempt < AttemptsMax)
            {
                session =
                    await sessions.FindAsync(session.UploadId, session.UserId, ct)
                    ?? throw new ApiException(ApiError.NotFound, "There is no such upload.");
            }
        }
    }

    private async Task<CommittedUpload> CommitAsync(UploadSession session, CancellationToken ct)
    {
        // 2. Every chunk proved, after asking the nodes once for what they have not reported yet.
        var chunks = await ProvedAsync(session, ct);

        // 3. The manifest, durable on two owners before anything refers to it.
        var content = await StoreContentAsync(session, chunks, ct);

        // 4. The one transaction.
        return await commit.CommitAsync(session, content, ct);
    }

    private List<ChunkProof> Checked(UploadSession session, IReadOnlyList<Receipt> given)
    {
        foreach (var receipt in given)
        {
            if (
                receipt is null
                || receipt.UploadId != session.UploadId
                || receipt.Epoch != session.Epoch
                || !receipts.Verify(receipt)
            )
            {
                throw new ApiException(
                    ApiError.ReceiptRefused,
                    "A receipt is altered or belongs to another upload. Send the replies of this upload's PUTs unchanged, or none."
                );
            }
        }

        return [.. given.SelectMany(r => r.Chunks.Select(c => new ChunkProof(session.UploadId, c.Id, c.Size)))];
    }

    private async Task<IReadOnlyList<ManifestEntry>> ProvedAsync(UploadSession session, CancellationToken ct)
    {
        if (await TryProvedAsync(session, ct) is { } chunks)
        {
            return chunks;
        }

        if (session.ListComplete)
        {
            await FlushNotificationsAsync(ct);
        }

        return await TryProvedAsync(session, ct)
            ?? throw new ApiException(
                ApiError.UploadIncomplete,
                session.ListComplete
                    ? "Parts of the upload have not arrived. PUT those in missing_parts, then complete again."
                    : "The chunk list is not complete. Send the rest of it with last=true first."
            )
            {
                MissingParts = await commit.MissingPartsAsync(session, Limits.MissingPartsListed, ct),
            };
    }

    private async Task<IReadOnlyList<ManifestEntry>?> TryProvedAsync(UploadSession session, CancellationToken ct)
    {
        try
        {
            return await commit.ProvedChunksAsync(session, ct);
        }
        catch (MetadataException e) when (e.Error == MetadataError.UploadIncomplete)
        {
            return null;
        }
    }

    private async Task FlushNotificationsAsync(CancellationToken ct)
    {
        var reachable = state.Map.Required.Nodes.Where(n => watch.IsReachable(n.NodeId));
        await Task.WhenAll(
            reachable.Select(async node =>
            {
                try
                {
                    await nodes.FlushNotificationsAsync(node, ct);
                }
                catch (Exception e) when (NodeCalls.IsFailure(e, ct))
                {
                    log.NodeCallFailed("flush", e.Message);
                }
            })
        );
    }

    private async Task<UploadContent> StoreContentAsync(
        UploadSession session,
        IReadOnlyList<ManifestEntry> chunks,
        CancellationToken ct
    )
    {
        var policy = state.Secrets.ChunkingPolicy;
        var fingerprint = ProvedFingerprint(chunks);
        RefuseOtherFingerprint(session, fingerprint);
        if (chunks.Count == 1)
        {
            return new UploadContent(chunks[0].Id, RecordKind.Chunk, [], fingerprint, policy);
        }

        var tree = ManifestTree.Of(chunks, policy);
        foreach (var (id, body) in tree.Bodies)
        {
            await PutManifestAsync(id, body, (uint)session.Epoch, ct);
        }

        return new UploadContent(
            tree.Root,
            RecordKind.Manifest,
            [.. tree.Bodies.SkipLast(1).Select(b => b.Id)],
            fingerprint,
            policy
        );
    }

    /// <summary>The SHA-256 of the whole file where the chunks tell it. That of several chunks nobody has computed: what the client declared is not believed.</summary>
    internal static ChunkId? ProvedFingerprint(IReadOnlyList<ManifestEntry> chunks) =>
        chunks.Count switch
        {
            0 => ChunkId.OfChunk([]),
            1 => chunks[0].Id,
            _ => null,
        };

    private static void RefuseOtherFingerprint(UploadSession session, ChunkId? proved)
    {
        if (session.Fingerprint is { } declared && proved is { } actual && new ChunkId(declared) != actual)
        {
            throw new ApiException(
                ApiError.FingerprintMismatch,
                $"The declared fingerprint is not the SHA-256 of what was sent, which is {actual}. Start the upload again."
            );
        }
    }

    /// <summary>Through an owner, which saves a hop; any node will do.</summary>
    private async Task PutManifestAsync(ChunkId id, byte[] body, uint epoch, CancellationToken ct)
    {
        var map = state.Map.Required;
        var candidates = map.OwnersOf(id)
            .Select(map.NodeOf)
            .Concat(map.Nodes)
            .Distinct()
            .Where(n => watch.IsReachable(n.NodeId));
        foreach (var node in candidates)
        {
            try
            {
                await nodes.PutManifestAsync(node, id, body, epoch, ct);
                return;
            }
            catch (Exception e) when (NodeCalls.IsFailure(e, ct))
            {
                log.NodeCallFailed("put manifest", e.Message);
            }
        }

        throw new ApiException(
            ApiError.NotEnoughOwners,
            "No storage node could store the manifest on two owners. Nothing is lost; complete again in a moment."
        )
        {
            RetryAfter = TimeSpan.FromSeconds(2),
        };
    }
}
