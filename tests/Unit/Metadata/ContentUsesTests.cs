using FileSharing.Chunks;
using FileSharing.Metadata;
using FileSharing.UnitTests.Postgres;

namespace FileSharing.UnitTests.Metadata;

public sealed class ContentUsesTests(PostgresFixture postgres) : IAsyncLifetime
{
    private static readonly ListedChunk Shared = Library.Chunk("shared", 7_000);
    private static readonly ListedChunk Own = Library.Chunk("own");

    private Library library = null!;

    public async ValueTask InitializeAsync() => library = await Library.CreateAsync(postgres);

    public ValueTask DisposeAsync() => library.DisposeAsync();

    [Fact]
    public async Task Every_version_that_needs_a_chunk_is_named_by_its_path_and_owner_in_whosever_space_it_is()
    {
        var (ann, ben) = (await library.UserAsync("ann"), await library.UserAsync("ben"));
        var folder = await library.FolderAsync(ann, await library.RootAsync(ann), "photos");
        var first = await library.PutAsync(ann, folder, "a.jpg", Shared, Own);
        var second = await library.PutAsync(ben, await library.RootAsync(ben), "b.jpg", Shared);
        await library.PutAsync(ben, await library.RootAsync(ben), "other", Library.Chunk("other"));

        var uses = await OfAsync(each: 10, Shared.Id);

        Assert.Equal(
            [
                (first.VersionId, "/photos/a.jpg", "ann@x.org", 7_000, 2L),
                (second.VersionId, "/b.jpg", "ben@x.org", 7_000, 2L),
            ],
            uses.OrderBy(use => use.Owner, StringComparer.Ordinal)
                .Select(use => (use.VersionId, use.Path, use.Owner, use.Size, use.Uses))
        );
        Assert.All(uses, use => Assert.Equal((true, false), (use.IsCurrent, use.IsTrashed)));
    }

    [Fact]
    public async Task A_file_in_the_space_of_a_team_is_named_with_the_team()
    {
        var ann = await library.UserAsync("ann");
        var team = await library.Teams.CreateAsync("research", ann.UserId, CancellationToken.None);
        await library.ShareAsync(
            (await library.Teams.RootAsync(team, CancellationToken.None))!,
            ann,
            Permission.Editor,
            null
        );
        var root = (await library.Tree.AccessAsync(ann.UserId, team.RootId, CancellationToken.None))!;
        await library.PutAsync(ann, root, "a.csv", Own);

        var use = Assert.Single(await OfAsync(each: 10, Own.Id));

        Assert.Equal(("research", "/a.csv"), (use.Owner, use.Path));
    }

    [Fact]
    public async Task A_file_below_a_folder_in_the_trash_still_needs_its_chunks_and_is_marked()
    {
        var ann = await library.UserAsync("ann");
        var folder = await library.FolderAsync(ann, await library.RootAsync(ann), "photos");
        await library.PutAsync(ann, folder, "a.jpg", Own);
        await library.Changes.TrashAsync(folder, null, CancellationToken.None);

        var use = Assert.Single(await OfAsync(each: 10, Own.Id));

        Assert.Equal(("/photos/a.jpg", true), (use.Path, use.IsTrashed));
    }

    [Fact]
    public async Task A_manifest_is_needed_by_its_version_and_of_many_versions_the_first_are_listed_and_all_counted()
    {
        var ann = await library.UserAsync("ann");
        var root = await library.RootAsync(ann);
        var manifest = Library.Chunk("a manifest").Id;
        for (var i = 0; i < 3; i++)
        {
            var session = await library.OpenAsync(ann, root, $"{i}", Own);
            await library.ProveAsync(session, Own);
            await library.Commit.CommitAsync(
                session,
                new UploadContent(manifest, RecordKind.Manifest, [Shared.Id], null, "dedup"),
                CancellationToken.None
            );
        }

        var uses = await OfAsync(each: 2, manifest, Shared.Id, Library.Chunk("nobody's").Id);

        Assert.Equal(
            [(manifest, 2), (Shared.Id, 2)],
            uses.GroupBy(use => new ChunkId(use.ContentId))
                .Select(g => (g.Key, g.Count()))
                .OrderBy(g => g.Key != manifest)
        );
        Assert.All(uses, use => Assert.Equal((0, 3L), (use.Size, use.Uses)));
    }

    private Task<List<ContentUse>> OfAsync(int each, params ChunkId[] ids) =>
        new ContentUses(library.Db).OfAsync(ids, each, CancellationToken.None);
}
