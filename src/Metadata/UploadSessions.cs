using FileSharing.Chunks;

namespace FileSharing.Metadata;

/// <summary>
/// Opens, extends, reads and ends upload sessions. A session records the garbage collector's epoch in the statement that
/// creates it, so a cycle either sees the session or runs under an epoch that the session's stamps are not older than.
/// </summary>
public sealed class UploadSessions(MetadataDb db, IdSource ids, TimeProvider time)
{
    /// <summary>Positional parts of one file.</summary>
    public const int PartsMax = 100_000;

    /// <summary>Chunks that a client may list for one file: 4 TiB at 1 MiB each.</summary>
    public const int ListedChunksMax = 4_000_000;

    private const string Columns = """
        space_id, upload_id, user_id, parent_id, name, file_id, is_new_file, base_version, size, mime_type, fingerprint,
        part_size, part_count, listed_bytes, list_complete, epoch, status, revision, version_id, expires_at
        """;

    /// <summary>Opens a session with its first chunks, in one statement.</summary>
    /// <param name="lifetime">After which it expires.</param>
    /// <exception cref="MetadataException"><see cref="MetadataError.NameTaken"/> when a new file's name is taken now; the commit checks again.
    /// <see cref="MetadataError.Invalid"/> when the chunks do not add up to the size, or one id is listed with two sizes.</exception>
    public async Task<UploadSession> OpenAsync(NewUpload upload, TimeSpan lifetime, CancellationToken ct)
    {
        EntryName.Check(upload.Name);
        var listed = upload.Chunks.Sum(c => (long)c.Size);
        RefuseWrongSum(upload.PartSize > 0, upload.ListComplete, listed, upload.Size);
        RefuseTwoSizes(upload.Chunks);
        var now = time.GetUtcNow().UtcDateTime;
        var parts = upload.PartSize > 0 ? (upload.Size + upload.PartSize - 1) / upload.PartSize : upload.Chunks.Count;
        var session = await db.OneAsync<UploadSession>(
            $"""
            WITH opened AS (
                INSERT INTO upload_sessions (
                    space_id, upload_id, user_id, parent_id, name, file_id, is_new_file, base_version, size, mime_type, fingerprint,
                    part_size, part_count, listed_bytes, list_complete, epoch, status, created_at, expires_at)
                SELECT @SpaceId, @uploadId, @UserId, @ParentId, @Name, @fileId, @isNewFile, @BaseVersion, @Size, @MimeType, @fingerprint,
                    @PartSize, @parts, @listed, @ListComplete, g.epoch, 0, @now, @expires
                FROM (SELECT epoch FROM gc_state FOR SHARE) g
                WHERE NOT @isNewFile OR NOT EXISTS (
                    SELECT 1 FROM entries WHERE space_id = @SpaceId AND parent_id = @ParentId AND name = @Name AND trashed_at IS NULL)
                RETURNING {Columns}
            ), listed AS (
                INSERT INTO upload_chunks (space_id, upload_id, part_index, chunk_no, chunk_id, size, status)
                SELECT o.space_id, o.upload_id, c.position - 1, 0, c.chunk_id, c.size, 0
                FROM opened o, unnest(@chunkIds, @sizes) WITH ORDINALITY AS c (chunk_id, size, position)
            )
            SELECT * FROM opened
            """,
            new
            {
                upload.SpaceId,
                uploadId = ids.Next(),
                upload.UserId,
                upload.ParentId,
                upload.Name,
                fileId = upload.FileId ?? ids.Next(),
                isNewFile = upload.FileId is null,
                upload.BaseVersion,
                upload.Size,
                upload.MimeType,
                fingerprint = upload.Fingerprint?.ToByteArray(),
                upload.PartSize,
                parts,
                listed,
                upload.ListComplete,
                now,
                expires = now + lifetime,
                chunkIds = Ids(upload.Chunks),
                sizes = Sizes(upload.Chunks),
            },
            ct
        );
        return session
            ?? throw new MetadataException(
                MetadataError.NameTaken,
                $"'{upload.Name}' exists in this folder. Choose another name, or name its file_id to upload a new version."
            );
    }

    /// <summary>Adds the next chunks to a session opened with a list that was to go on.</summary>
    /// <param name="last">True when the list is complete with these.</param>
    /// <returns>The session after it; the added parts are its last <c>chunks.Count</c> ones.</returns>
    /// <exception cref="MetadataException"><see cref="MetadataError.Conflict"/> when the list is complete already; <see cref="MetadataError.Invalid"/> as for
    /// the first chunks; else as for every ended session.</exception>
    public Task<UploadSession> ListChunksAsync(
        UploadSession session,
        IReadOnlyList<ListedChunk> chunks,
        bool last,
        CancellationToken ct
    ) =>
        db.InTransactionAsync(
            async tx =>
            {
                var locked = await LockOpenAsync(tx, session);
                var listed = locked.ListedBytes + chunks.Sum(c => (long)c.Size);
                if (locked.ListComplete)
                {
                    throw new MetadataException(
                        MetadataError.Conflict,
                        "The chunk list of this upload is complete; nothing can be added."
                    );
                }

                RefuseWrongSum(false, last, listed, locked.Size);
                RefuseTwoSizes(chunks);
                await RefuseOtherSizeAsync(tx, session, chunks);
                var count = locked.PartCount + chunks.Count;
                if (count > ListedChunksMax)
                {
                    throw new MetadataException(MetadataError.Invalid, $"A file has at most {ListedChunksMax} chunks.");
                }

                var updated = await tx.OneAsync<UploadSession>(
                    $"""
                    WITH listed AS (
                        INSERT INTO upload_chunks (space_id, upload_id, part_index, chunk_no, chunk_id, size, status)
                        SELECT @SpaceId, @UploadId, @first + c.position - 1, 0, c.chunk_id, c.size, 0
                        FROM unnest(@chunkIds, @sizes) WITH ORDINALITY AS c (chunk_id, size, position)
                    )
                    UPDATE upload_sessions
                    SET part_count = @count, listed_bytes = @listed, list_complete = @last, revision = revision + 1
                    WHERE space_id = @SpaceId AND upload_id = @UploadId
                    RETURNING {Columns}
                    """,
                    new
                    {
                        session.SpaceId,
                        session.UploadId,
                        first = locked.PartCount,
                        count,
                        listed,
                        last,
                        chunkIds = Ids(chunks),
                        sizes = Sizes(chunks),
                    }
                );
                return updated!;
            },
            ct
        );

    /// <summary>The session, whatever its status; one past its time reads as expired. Null when this user has none of that id.</summary>
    public async Task<UploadSession?> FindAsync(Guid uploadId, Guid userId, CancellationToken ct)
    {
        var session = await db.OneAsync<UploadSession>(
            $"SELECT {Columns} FROM upload_sessions WHERE upload_id = @uploadId AND user_id = @userId",
            new { uploadId, userId },
            ct
        );
        return session is { Status: UploadStatus.Open } && session.ExpiresAt <= time.GetUtcNow().UtcDateTime
            ? session with
            {
                Status = UploadStatus.Expired,
            }
            : session;
    }

    /// <summary>Bytes of which the chunks are proved.</summary>
    public Task<long> UploadedBytesAsync(UploadSession session, CancellationToken ct) =>
        db.OneAsync<long>(
            """
            SELECT COALESCE(sum(size), 0)::bigint FROM upload_chunks
            WHERE space_id = @SpaceId AND upload_id = @UploadId AND status > 0
            """,
            new { session.SpaceId, session.UploadId },
            ct
        );

    /// <summary>The parts from <paramref name="first"/> on, at most <paramref name="limit"/>.</summary>
    public async Task<List<UploadPart>> PartsAsync(UploadSession session, int first, int limit, CancellationToken ct)
    {
        var end = (int)Math.Min(session.PartCount, (long)first + limit);
        var args = new
        {
            session.SpaceId,
            session.UploadId,
            first,
            end,
        };
        if (!session.IsPositional)
        {
            var rows = await db.ListAsync<StoredChunk>(
                """
                SELECT part_index, chunk_no, chunk_id, size, status FROM upload_chunks
                WHERE space_id = @SpaceId AND upload_id = @UploadId AND part_index >= @first AND part_index < @end
                ORDER BY part_index
                """,
                args,
                ct
            );
            return [.. rows.Select(r => new UploadPart(r.PartIndex, new ChunkId(r.ChunkId), r.Size, r.Status))];
        }

        var recorded = await db.ListAsync<int>(
            """
            SELECT part_index FROM upload_chunks
            WHERE space_id = @SpaceId AND upload_id = @UploadId AND part_index >= @first AND part_index < @end AND chunk_no = 0
            """,
            args,
            ct
        );
        var done = recorded.ToHashSet();
        return
        [
            .. Enumerable
                .Range(first, Math.Max(0, end - first))
                .Select(i => new UploadPart(
                    i,
                    null,
                    session.PartBytes(i),
                    done.Contains(i) ? ChunkStatus.Uploaded : ChunkStatus.NotUploaded
                )),
        ];
    }

    /// <summary>Ends an open session without a file. Ending it twice is harmless.</summary>
    /// <exception cref="MetadataException"><see cref="MetadataError.UploadCommitted"/>.</exception>
    public async Task AbortAsync(UploadSession session, CancellationToken ct)
    {
        var status = await db.OneAsync<UploadStatus?>(
            """
            UPDATE upload_sessions SET status = CASE WHEN status = 0 THEN 2 ELSE status END
            WHERE space_id = @SpaceId AND upload_id = @UploadId RETURNING status
            """,
            new { session.SpaceId, session.UploadId },
            ct
        );
        if (status == UploadStatus.Committed)
        {
            throw new MetadataException(
                MetadataError.UploadCommitted,
                "The upload is complete; delete the file instead."
            );
        }
    }

    /// <summary>Marks what is past its time as expired, and forgets sessions that ended without a file longer ago than <paramref name="keep"/>.</summary>
    /// <returns>How many expired and how many were forgotten.</returns>
    public async Task<(int Expired, int Forgotten)> SweepAsync(TimeSpan keep, CancellationToken ct)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var expired = await db.RunAsync(
            "UPDATE upload_sessions SET status = 3 WHERE status = 0 AND expires_at <= @now",
            new { now },
            ct
        );
        var forgotten = await db.RunAsync(
            """
            DELETE FROM upload_sessions WHERE (space_id, upload_id) IN (
                SELECT space_id, upload_id FROM upload_sessions WHERE status IN (2, 3) AND expires_at <= @before LIMIT 100)
            """,
            new { before = now - keep },
            ct
        );
        return (expired, forgotten);
    }

    /// <summary>Locks the row until the end of the transaction: nothing else can extend, commit or abort the session meanwhile.</summary>
    internal async Task<UploadSession> LockOpenAsync(Transaction tx, UploadSession session)
    {
        var locked = await tx.OneAsync<UploadSession>(
            $"SELECT {Columns} FROM upload_sessions WHERE space_id = @SpaceId AND upload_id = @UploadId FOR UPDATE",
            new { session.SpaceId, session.UploadId }
        );
        return locked switch
        {
            { Status: UploadStatus.Open } when locked.ExpiresAt > time.GetUtcNow().UtcDateTime => locked,
            { Status: UploadStatus.Committed } => throw new MetadataException(
                MetadataError.UploadCommitted,
                "The upload is complete already."
            ),
            _ => throw new MetadataException(
                MetadataError.UploadGone,
                "The upload was aborted or has expired. Start a new one; what was sent need not be sent again."
            ),
        };
    }

    private static void RefuseWrongSum(bool isPositional, bool isComplete, long listed, long size)
    {
        if (!isPositional && (listed > size || (isComplete && listed != size)))
        {
            throw new MetadataException(
                MetadataError.Invalid,
                $"The listed chunks have {listed} bytes, and the file has {size}."
            );
        }
    }

    /// <summary>An id is a hash of bytes, so it has one size. Two would make a list that adds up and a file that nobody can read.</summary>
    private static void RefuseTwoSizes(IReadOnlyList<ListedChunk> chunks)
    {
        var sizes = new Dictionary<ChunkId, int>(chunks.Count);
        foreach (var chunk in chunks)
        {
            if (!sizes.TryAdd(chunk.Id, chunk.Size) && sizes[chunk.Id] != chunk.Size)
            {
                throw TwoSizes(chunk.Id);
            }
        }
    }

    /// <summary>The same over the calls of one list. IS TRUE keeps the new chunks in hash tables: the planner takes arrays for short, and would make a join
    /// of them a nested loop.</summary>
    private static async Task RefuseOtherSizeAsync(
        Transaction tx,
        UploadSession session,
        IReadOnlyList<ListedChunk> chunks
    )
    {
        var distinct = chunks.Distinct().ToList();
        var other = await tx.OneAsync<byte[]>(
            """
            SELECT chunk_id FROM upload_chunks
            WHERE space_id = @SpaceId AND upload_id = @UploadId
              AND (chunk_id IN (SELECT unnest(@chunkIds))) IS TRUE
              AND ((chunk_id, size) IN (SELECT * FROM unnest(@chunkIds, @sizes))) IS NOT TRUE
            LIMIT 1
            """,
            new
            {
                session.SpaceId,
                session.UploadId,
                chunkIds = Ids(distinct),
                sizes = Sizes(distinct),
            }
        );
        if (other is not null)
        {
            throw TwoSizes(new ChunkId(other));
        }
    }

    private static MetadataException TwoSizes(ChunkId id) =>
        new(MetadataError.Invalid, $"Chunk {id} is listed with two sizes; one of them is wrong.");

    private static byte[][] Ids(IReadOnlyList<ListedChunk> chunks) => [.. chunks.Select(c => c.Id.ToByteArray())];

    private static int[] Sizes(IReadOnlyList<ListedChunk> chunks) => [.. chunks.Select(c => c.Size)];
}
