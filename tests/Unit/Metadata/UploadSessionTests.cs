using FileSharing.Metadata;
using FileSharing.UnitTests.Postgres;

namespace FileSharing.UnitTests.Metadata;

public sealed class UploadSessionTests(PostgresFixture postgres) : IAsyncLifetime
{
    private Library library = null!;
    private User user = null!;
    private EntryAccess root = null!;

    public async ValueTask InitializeAsync()
    {
        library = await Library.CreateAsync(postgres);
        user = await library.UserAsync("user");
        root = await library.RootAsync(user);
    }

    public ValueTask DisposeAsync() => library.DisposeAsync();

    [Fact]
    public async Task Nothing_is_visible_before_the_commit_and_everything_after()
    {
        var chunk = Library.Chunk("a");
        var session = await library.OpenAsync(user, root, "file", chunk);
        await library.ProveAsync(session, chunk);

        Assert.Empty(await library.Tree.ChildrenAsync(root, null, 10, CancellationToken.None));
        await library.FinishAsync(session);

        var entry = Assert.Single(await library.Tree.ChildrenAsync(root, null, 10, CancellationToken.None));
        Assert.Equal(session.FileId, entry.EntryId);
        Assert.Equal(1000, entry.Size);
    }

    [Fact]
    public async Task Repeated_chunk_is_proved_at_all_its_places_by_one_proof()
    {
        var chunk = Library.Chunk("zeros");
        var session = await library.OpenAsync(user, root, "file", chunk, Library.Chunk("x"), chunk);
        await library.ProveAsync(session, chunk);

        Assert.Equal([1], await library.Commit.MissingPartsAsync(session, 10, CancellationToken.None));
    }

    [Fact]
    public async Task Of_two_uploads_of_one_name_the_second_commit_is_refused()
    {
        var chunk = Library.Chunk("a");
        var first = await library.OpenAsync(user, root, "file", chunk);
        var second = await library.OpenAsync(user, root, "file", chunk);
        await library.ProveAsync(first, chunk);
        await library.ProveAsync(second, chunk);

        await library.FinishAsync(first);

        Assert.Equal(MetadataError.NameTaken, await ErrorOfAsync(() => library.FinishAsync(second)));
        Assert.Equal(MetadataError.NameTaken, await ErrorOfAsync(() => library.OpenAsync(user, root, "file", chunk)));
    }

    [Fact]
    public async Task Committed_session_cannot_be_committed_again_and_aborted_one_not_at_all()
    {
        var chunk = Library.Chunk("a");
        var done = await library.OpenAsync(user, root, "done", chunk);
        var aborted = await library.OpenAsync(user, root, "aborted", chunk);
        await library.ProveAsync(done, chunk);
        await library.ProveAsync(aborted, chunk);
        await library.FinishAsync(done);
        await library.Sessions.AbortAsync(aborted, CancellationToken.None);

        Assert.Equal(MetadataError.UploadCommitted, await ErrorOfAsync(() => library.FinishAsync(done)));
        Assert.Equal(MetadataError.UploadGone, await ErrorOfAsync(() => library.FinishAsync(aborted)));
        Assert.Equal(
            MetadataError.UploadCommitted,
            await ErrorOfAsync(async () =>
            {
                await library.Sessions.AbortAsync(done, CancellationToken.None);
                return 0;
            })
        );
    }

    [Fact]
    public async Task Upload_into_a_folder_that_was_deleted_meanwhile_is_refused()
    {
        var folder = await library.FolderAsync(user, root, "folder");
        var chunk = Library.Chunk("a");
        var session = await library.OpenAsync(user, folder, "file", chunk);
        await library.ProveAsync(session, chunk);
        await library.Changes.TrashAsync(folder, null, CancellationToken.None);

        Assert.Equal(MetadataError.NotFound, await ErrorOfAsync(() => library.FinishAsync(session)));
    }

    [Fact]
    public async Task Part_recorded_twice_keeps_the_second_list_and_one_of_another_length_is_refused()
    {
        var session = await PartsAsync(2500, 2000);
        await RecordAsync(session, 1, Library.Chunk("end", 500));
        await RecordAsync(session, 0, Library.Chunk("a", 2000));
        await RecordAsync(session, 0, Library.Chunk("b", 1500), Library.Chunk("c", 500));

        var chunks = await library.Commit.ProvedChunksAsync(session, CancellationToken.None);
        Assert.Equal([1500L, 500L, 500L], chunks.Select(c => c.Size));
        Assert.Equal(
            MetadataError.Invalid,
            await ErrorOfAsync(async () =>
            {
                await RecordAsync(session, 1, Library.Chunk("end", 499));
                return 0;
            })
        );
    }

    [Fact]
    public async Task Part_recorded_again_after_the_list_was_read_refuses_the_commit_until_it_is_read_again()
    {
        var opened = await PartsAsync(2000, 2000);
        await RecordAsync(opened, 0, Library.Chunk("a", 2000));
        var session = (await library.Sessions.FindAsync(opened.UploadId, user.UserId, CancellationToken.None))!;
        await RecordAsync(opened, 0, Library.Chunk("b", 2000));

        Assert.Equal(MetadataError.UploadChanged, await ErrorOfAsync(() => library.FinishAsync(session)));
        session = (await library.Sessions.FindAsync(opened.UploadId, user.UserId, CancellationToken.None))!;
        await library.FinishAsync(session);
    }

    [Fact]
    public async Task One_id_with_two_sizes_is_refused_in_one_call_and_over_several()
    {
        var chunk = Library.Chunk("a");
        var other = chunk with { Size = 999 };
        Assert.Equal(
            MetadataError.Invalid,
            await ErrorOfAsync(() => library.OpenAsync(user, root, "file", chunk, other))
        );

        var session = await library.Sessions.OpenAsync(
            new NewUpload
            {
                SpaceId = root.SpaceId,
                UserId = user.UserId,
                ParentId = root.EntryId,
                Name = "list",
                Size = 1999,
                MimeType = "text/plain",
                Chunks = [chunk],
            },
            TimeSpan.FromDays(7),
            CancellationToken.None
        );
        Assert.Equal(MetadataError.Invalid, await ErrorOfAsync(() => ListAsync(session, other)));
        await library.ProveAsync(session, chunk);
        Assert.Equal(MetadataError.Invalid, await ErrorOfAsync(() => ListAsync(session, other)));
        await ListAsync(session, Library.Chunk("b", 999));
    }

    [Fact]
    public async Task Session_past_its_time_expires_and_is_forgotten_later_with_its_chunks()
    {
        var chunk = Library.Chunk("a");
        var session = await library.OpenAsync(user, root, "file", chunk);
        var future = new UploadSessions(
            library.Db,
            new IdSource(TimeProvider.System),
            new SettableTime(DateTimeOffset.UtcNow.AddDays(8))
        );

        Assert.Equal(
            UploadStatus.Expired,
            (await future.FindAsync(session.UploadId, user.UserId, CancellationToken.None))!.Status
        );
        Assert.Equal((1, 0), await future.SweepAsync(TimeSpan.FromDays(7), CancellationToken.None));
        Assert.Equal((0, 1), await future.SweepAsync(TimeSpan.FromHours(1), CancellationToken.None));
        Assert.Null(await future.FindAsync(session.UploadId, user.UserId, CancellationToken.None));
    }

    [Fact]
    public async Task Commit_of_fifty_thousand_chunks_takes_less_than_a_second()
    {
        ListedChunk[] chunks = [.. Enumerable.Range(0, 51_200).Select(i => Library.Chunk($"chunk {i}", 1 << 20))];
        var session = await library.OpenAsync(user, root, "large", chunks);
        await library.Proofs.MarkHaveAsync(session, chunks, CancellationToken.None);
        var content = new UploadContent(chunks[0].Id, FileSharing.Chunks.RecordKind.Manifest, [], null, "dedup");

        var started = TimeProvider.System.GetTimestamp();
        await library.Commit.CommitAsync(session, content, CancellationToken.None);

        Assert.InRange(TimeProvider.System.GetElapsedTime(started).TotalSeconds, 0, 1);
    }

    private Task<UploadSession> PartsAsync(long size, long partSize) =>
        library.Sessions.OpenAsync(
            new NewUpload
            {
                SpaceId = root.SpaceId,
                UserId = user.UserId,
                ParentId = root.EntryId,
                Name = "parts",
                Size = size,
                PartSize = partSize,
                MimeType = "text/plain",
                ListComplete = true,
            },
            TimeSpan.FromDays(7),
            CancellationToken.None
        );

    private Task<UploadSession> ListAsync(UploadSession session, params ListedChunk[] chunks) =>
        library.Sessions.ListChunksAsync(session, chunks, last: true, CancellationToken.None);

    private Task RecordAsync(UploadSession session, int index, params ListedChunk[] chunks) =>
        library.Proofs.RecordPartAsync(session.UploadId, index, session.Epoch, chunks, CancellationToken.None);

    private static async Task<MetadataError> ErrorOfAsync<T>(Func<Task<T>> work) =>
        (await Assert.ThrowsAsync<MetadataException>(work)).Error;
}
