using FileSharing.Chunks;

namespace FileSharing.Metadata;

/// <summary>That a chunk of one session is durable at two owners: what a storage node reports or a receipt says.</summary>
public readonly record struct ChunkProof(Guid UploadId, ChunkId Id, int Size);

/// <summary>
/// Records which chunks of a session are proved: by a node's notification, by a receipt of the session, by the list that a node recorded
/// for a part, or because the user was entitled to skip them and the owners hold them. Nothing else proves a chunk; asking whether it
/// exists does not, since then anyone could read bytes by naming their hash.
/// </summary>
public sealed class ChunkProofs(MetadataDb db, UploadSessions sessions)
{
    /// <summary>
    /// Marks the chunks as uploaded, wherever they stand in their open sessions. Proofs of ended or unknown sessions, and of chunks that the
    /// session does not list with that size, change nothing. Idempotent.
    /// </summary>
    public async Task ApplyAsync(IReadOnlyCollection<ChunkProof> proofs, CancellationToken ct)
    {
        if (proofs.Count == 0)
        {
            return;
        }

        // Sorted, so that batches that overlap lock rows in one order.
        var sorted = proofs.Distinct().OrderBy(p => p.UploadId).ThenBy(p => p.Id).ToList();
        await db.RunAsync(
            """
            UPDATE upload_chunks c SET status = 1
            FROM unnest(@uploads, @chunkIds, @sizes) AS p (upload_id, chunk_id, size)
            JOIN upload_sessions s ON s.upload_id = p.upload_id AND s.status = 0 AND s.part_size = 0
            WHERE c.space_id = s.space_id AND c.upload_id = s.upload_id AND c.chunk_id = p.chunk_id AND c.size = p.size
              AND c.status = 0
            """,
            new
            {
                uploads = sorted.Select(p => p.UploadId).ToArray(),
                chunkIds = sorted.Select(p => p.Id.ToByteArray()).ToArray(),
                sizes = sorted.Select(p => p.Size).ToArray(),
            },
            ct
        );
    }

    /// <summary>
    /// Which of these chunks the user may skip sending: those in a version (trash included) of a space that the user owns or of a live entry that the
    /// user may edit, and those that this user sent in a session before. That a chunk was named, or that somebody else has it, gives nothing.
    /// </summary>
    public async Task<HashSet<ListedChunk>> EntitledAsync(
        Guid user,
        IReadOnlyCollection<ListedChunk> chunks,
        CancellationToken ct
    )
    {
        if (chunks.Count == 0)
        {
            return [];
        }

        var distinct = chunks.Distinct().ToList();
        var rows = await db.ListAsync<StoredChunk>(
            """
            WITH wanted AS (
                SELECT * FROM unnest(@chunkIds, @sizes) AS w (chunk_id, size)
            ), found AS (
                SELECT DISTINCT w.chunk_id, w.size, c.space_id, sp.owner_id IS NOT DISTINCT FROM @user AS is_own,
                       s.user_id = @user AND c.status = 1 AS is_sent, v.entry_id
                FROM wanted w
                JOIN upload_chunks c ON c.chunk_id = w.chunk_id AND c.size = w.size AND c.status > 0
                JOIN spaces sp ON sp.space_id = c.space_id
                JOIN upload_sessions s ON s.space_id = c.space_id AND s.upload_id = c.upload_id
                LEFT JOIN versions v ON v.space_id = c.space_id AND v.upload_id = c.upload_id
                WHERE c.space_id IN (
                    SELECT space_id FROM spaces WHERE owner_id = @user
                    UNION SELECT space_id FROM shares WHERE shared_with = ANY (principals_of(@user)) AND permissions IN ('editor', 'manager'))
            ), editable AS (
                SELECT f.space_id, f.entry_id
                FROM (SELECT DISTINCT space_id, entry_id FROM found WHERE NOT is_own AND NOT is_sent AND entry_id IS NOT NULL) f
                WHERE (access_of(@user, f.space_id, f.entry_id)).permission >= 2
            )
            SELECT DISTINCT f.chunk_id, f.size FROM found f
            WHERE f.is_sent OR (f.is_own AND f.entry_id IS NOT NULL)
               OR EXISTS (SELECT 1 FROM editable e WHERE e.space_id = f.space_id AND e.entry_id = f.entry_id)
            """,
            new
            {
                user,
                chunkIds = distinct.Select(c => c.Id.ToByteArray()).ToArray(),
                sizes = distinct.Select(c => c.Size).ToArray(),
            },
            ct
        );
        return [.. rows.Select(r => new ListedChunk(new ChunkId(r.ChunkId), r.Size))];
    }

    /// <summary>Marks chunks of the session as <see cref="ChunkStatus.Have"/>. Call it only with chunks that the user is entitled to skip and that two
    /// owners stamped with the session's epoch.</summary>
    public Task MarkHaveAsync(UploadSession session, IReadOnlyCollection<ListedChunk> adopted, CancellationToken ct) =>
        adopted.Count == 0
            ? Task.CompletedTask
            : db.RunAsync(
                """
                UPDATE upload_chunks SET status = 2
                WHERE space_id = @SpaceId AND upload_id = @UploadId AND status = 0
                  AND ((chunk_id, size) IN (SELECT * FROM unnest(@chunkIds, @sizes))) IS TRUE -- a hash table; a join would be nested
                """,
                new
                {
                    session.SpaceId,
                    session.UploadId,
                    chunkIds = adopted.Select(c => c.Id.ToByteArray()).ToArray(),
                    sizes = adopted.Select(c => c.Size).ToArray(),
                },
                ct
            );

    /// <summary>Records the chunks that a storage node cut a positional part into, in place of an earlier list of that part.</summary>
    /// <exception cref="MetadataException"><see cref="MetadataError.NotFound"/> session; <see cref="MetadataError.Invalid"/> when the index, epoch or sum of sizes does not fit
    /// the session; <see cref="MetadataError.UploadGone"/>, <see cref="MetadataError.UploadCommitted"/>.</exception>
    public async Task RecordPartAsync(
        Guid uploadId,
        int index,
        long epoch,
        IReadOnlyList<ListedChunk> chunks,
        CancellationToken ct
    )
    {
        var target =
            await db.OneAsync<UploadSession>(
                "SELECT space_id, upload_id, name, mime_type FROM upload_sessions WHERE upload_id = @uploadId",
                new { uploadId },
                ct
            ) ?? throw new MetadataException(MetadataError.NotFound, "There is no such upload.");
        await db.InTransactionAsync(
            async tx =>
            {
                var session = await sessions.LockOpenAsync(tx, target);
                RefuseWrongPart(session, index, epoch, chunks);
                var args = new
                {
                    session.SpaceId,
                    session.UploadId,
                    index,
                    chunkIds = chunks.Select(c => c.Id.ToByteArray()).ToArray(),
                    sizes = chunks.Select(c => c.Size).ToArray(),
                };
                await tx.RunAsync(
                    "DELETE FROM upload_chunks WHERE space_id = @SpaceId AND upload_id = @UploadId AND part_index = @index",
                    args
                );
                await tx.RunAsync(
                    "UPDATE upload_sessions SET revision = revision + 1 WHERE space_id = @SpaceId AND upload_id = @UploadId",
                    args
                );
                return await tx.RunAsync(
                    """
                    INSERT INTO upload_chunks (space_id, upload_id, part_index, chunk_no, chunk_id, size, status)
                    SELECT @SpaceId, @UploadId, @index, c.position - 1, c.chunk_id, c.size, 1
                    FROM unnest(@chunkIds, @sizes) WITH ORDINALITY AS c (chunk_id, size, position)
                    """,
                    args
                );
            },
            ct
        );
    }

    private static void RefuseWrongPart(UploadSession session, int index, long epoch, IReadOnlyList<ListedChunk> chunks)
    {
        if (!session.IsPositional || index < 0 || index >= session.PartCount || epoch != session.Epoch)
        {
            throw new MetadataException(MetadataError.Invalid, "The upload has no such part, or another epoch.");
        }

        var sum = chunks.Sum(c => (long)c.Size);
        if (sum != session.PartBytes(index))
        {
            throw new MetadataException(
                MetadataError.Invalid,
                $"Part {index} has {session.PartBytes(index)} bytes, and the chunks have {sum}."
            );
        }
    }
}
