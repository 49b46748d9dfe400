using FileSharing.Chunks;
using FileSharing.Metadata;

namespace FileSharing.Api.Uploads;

/// <summary>A session with a run of its parts, as they are now.</summary>
internal sealed record OpenedUpload(UploadSession Session, IReadOnlyList<UploadPart> Parts);

/// <summary>Opens sessions and takes chunk lists: the session first, since its epoch is what the owners stamp.</summary>
internal sealed class UploadOpening(
    UploadSessions sessions,
    ChunkProofs proofs,
    Adoption adoption,
    ApiSettings settings
)
{
    public async Task<OpenedUpload> OpenAsync(NewUpload upload, CancellationToken ct)
    {
        var entitled = proofs.EntitledAsync(upload.UserId, upload.Chunks, ct);
        var session = await sessions.OpenAsync(upload, settings.UploadLifetime, ct);
        if (session.IsPositional)
        {
            return new OpenedUpload(session, await sessions.PartsAsync(session, 0, Limits.PartsPerReply, ct));
        }

        return await WithChunksAsync(session, upload.Chunks, await entitled, ct);
    }

    public async Task<OpenedUpload> ListChunksAsync(
        UploadSession session,
        IReadOnlyList<ListedChunk> chunks,
        bool last,
        CancellationToken ct
    )
    {
        var entitled = await proofs.EntitledAsync(session.UserId, chunks, ct);
        var extended = await sessions.ListChunksAsync(session, chunks, last, ct);
        return await WithChunksAsync(extended, chunks, entitled, ct);
    }

    private async Task<OpenedUpload> WithChunksAsync(
        UploadSession session,
        IReadOnlyList<ListedChunk> chunks,
        HashSet<ListedChunk> entitled,
        CancellationToken ct
    )
    {
        var adopted = await adoption.AdoptAsync(session, entitled, ct);
        var first = session.PartCount - chunks.Count;
        var parts = chunks.Select(
            (c, i) =>
                new UploadPart(
                    first + i,
                    c.Id,
                    c.Size,
                    adopted.Contains(c) ? ChunkStatus.Have : ChunkStatus.NotUploaded
                )
        );
        return new OpenedUpload(session, [.. parts.Take(Limits.PartsPerReply)]);
    }
}
