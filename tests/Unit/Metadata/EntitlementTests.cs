using FileSharing.Metadata;
using FileSharing.UnitTests.Postgres;

namespace FileSharing.UnitTests.Metadata;

/// <summary>Nobody gains access to bytes by naming their hash.</summary>
public sealed class EntitlementTests(PostgresFixture postgres) : IAsyncLifetime
{
    private static readonly ListedChunk Known = Library.Chunk("known");
    private Library library = null!;
    private User owner = null!;
    private User thief = null!;

    public async ValueTask InitializeAsync()
    {
        library = await Library.CreateAsync(postgres);
        owner = await library.UserAsync("owner");
        thief = await library.UserAsync("thief");
    }

    public ValueTask DisposeAsync() => library.DisposeAsync();

    [Fact]
    public async Task Naming_a_known_hash_entitles_to_nothing_and_the_upload_stays_incomplete()
    {
        await library.PutAsync(owner, await library.RootAsync(owner), "mine", Known);

        var session = await library.OpenAsync(thief, await library.RootAsync(thief), "stolen", Known);

        Assert.Empty(await library.EntitledAsync(thief, Known));
        var refusal = await Assert.ThrowsAsync<MetadataException>(() => library.FinishAsync(session));
        Assert.Equal(MetadataError.UploadIncomplete, refusal.Error);
        Assert.Equal([0], await library.Commit.MissingPartsAsync(session, 10, CancellationToken.None));
        Assert.Equal(Permission.None, await library.PermissionAsync(thief, session.FileId));
    }

    [Fact]
    public async Task Having_named_a_hash_in_an_earlier_session_entitles_to_nothing()
    {
        await library.OpenAsync(thief, await library.RootAsync(thief), "first", Known);

        Assert.Empty(await library.EntitledAsync(thief, Known));
    }

    [Fact]
    public async Task Proof_for_another_session_or_another_size_proves_nothing()
    {
        var mine = await library.OpenAsync(owner, await library.RootAsync(owner), "mine", Known);
        var theirs = await library.OpenAsync(thief, await library.RootAsync(thief), "stolen", Known);

        await library.ProveAsync(mine, Known);
        await library.ProveAsync(theirs, Known with { Size = 999 });

        await library.FinishAsync(mine);
        await Assert.ThrowsAsync<MetadataException>(() => library.FinishAsync(theirs));
    }

    [Fact]
    public async Task Chunk_that_the_user_has_proves_nothing_under_another_size()
    {
        var session = await library.OpenAsync(owner, await library.RootAsync(owner), "mine", Known with { Size = 999 });

        await library.Proofs.MarkHaveAsync(session, [Known], CancellationToken.None);

        Assert.Equal([0], await library.Commit.MissingPartsAsync(session, 10, CancellationToken.None));
    }

    [Fact]
    public async Task What_was_sent_before_need_not_be_sent_again_even_when_that_upload_never_ended()
    {
        var session = await library.OpenAsync(owner, await library.RootAsync(owner), "broken off", Known);
        await library.ProveAsync(session, Known);

        Assert.Equal([Known], await library.EntitledAsync(owner, Known));
        Assert.Empty(await library.EntitledAsync(owner, Known with { Size = 999 }));
    }

    [Fact]
    public async Task Trash_still_entitles_its_owner()
    {
        var file = await library.PutAsync(owner, await library.RootAsync(owner), "mine", Known);
        var entry = (await library.Tree.AccessAsync(owner.UserId, file.FileId, CancellationToken.None))!;
        await library.Changes.TrashAsync(entry, null, CancellationToken.None);

        Assert.Equal([Known], await library.EntitledAsync(owner, Known));
    }

    [Theory]
    [InlineData(Permission.Viewer, false)]
    [InlineData(Permission.Editor, true)]
    [InlineData(Permission.Manager, true)]
    public async Task Sharing_entitles_editors_of_the_folder_and_nobody_else(Permission permission, bool entitled)
    {
        var root = await library.RootAsync(owner);
        var shared = await library.FolderAsync(owner, root, "shared");
        var other = Library.Chunk("other");
        await library.PutAsync(owner, shared, "in the folder", Known);
        await library.PutAsync(owner, root, "beside it", other);

        await library.ShareAsync(shared, thief, permission, owner);

        Assert.Equal(entitled ? [Known] : [], await library.EntitledAsync(thief, Known, other));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Deleting_a_file_or_a_folder_above_it_ends_what_the_share_entitled_to(bool wholeFolder)
    {
        var shared = await library.FolderAsync(owner, await library.RootAsync(owner), "shared");
        var below = await library.FolderAsync(owner, shared, "below");
        var file = await library.PutAsync(owner, below, "file", Known);
        await library.ShareAsync(shared, thief, Permission.Editor, owner);
        Assert.Equal([Known], await library.EntitledAsync(thief, Known));

        var entry = await library.Tree.AccessAsync(owner.UserId, file.FileId, CancellationToken.None);
        await library.Changes.TrashAsync(wholeFolder ? below : entry!, null, CancellationToken.None);

        Assert.Empty(await library.EntitledAsync(thief, Known));
        Assert.Equal([Known], await library.EntitledAsync(owner, Known));
    }

    [Fact]
    public async Task Adopted_chunk_in_a_session_that_was_not_committed_entitles_to_nothing()
    {
        var session = await library.OpenAsync(thief, await library.RootAsync(thief), "open", Known);
        await library.Proofs.MarkHaveAsync(session, [Known], CancellationToken.None);

        Assert.Empty(await library.EntitledAsync(thief, Known));
    }
}
