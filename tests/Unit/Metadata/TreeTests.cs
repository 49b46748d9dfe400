using FileSharing.Metadata;
using FileSharing.UnitTests.Postgres;

namespace FileSharing.UnitTests.Metadata;

public sealed class TreeTests(PostgresFixture postgres) : IAsyncLifetime
{
    private Library library = null!;
    private User owner = null!;
    private User guest = null!;
    private EntryAccess root = null!;

    public async ValueTask InitializeAsync()
    {
        library = await Library.CreateAsync(postgres);
        owner = await library.UserAsync("owner");
        guest = await library.UserAsync("guest");
        root = await library.RootAsync(owner);
    }

    public ValueTask DisposeAsync() => library.DisposeAsync();

    [Fact]
    public async Task Share_on_a_folder_covers_what_is_below_and_ends_at_once()
    {
        var folder = await library.FolderAsync(owner, root, "shared");
        var below = await library.FolderAsync(owner, folder, "below");
        var share = await library.ShareAsync(folder, guest, Permission.Viewer, owner);

        Assert.Equal(Permission.Viewer, await library.PermissionAsync(guest, below.EntryId));
        Assert.Equal(Permission.None, await library.PermissionAsync(guest, root.EntryId));

        await library.UnshareAsync(share);
        Assert.Equal(Permission.None, await library.PermissionAsync(guest, below.EntryId));
    }

    [Fact]
    public async Task Sharing_again_changes_the_permission_of_the_same_share()
    {
        var folder = await library.FolderAsync(owner, root, "shared");
        var first = await ShareAsync(folder, Permission.Editor);
        var second = await ShareAsync(folder, Permission.Viewer);

        Assert.Equal(first, second);
        Assert.Equal(Permission.Viewer, await library.PermissionAsync(guest, folder.EntryId));
    }

    [Fact]
    public async Task Trashed_folder_takes_everything_below_with_it_and_frees_its_name()
    {
        var folder = await library.FolderAsync(owner, root, "folder");
        var file = await library.PutAsync(owner, folder, "file", Library.Chunk("a"));

        await library.Changes.TrashAsync(folder, null, CancellationToken.None);

        Assert.Equal(Permission.None, await library.PermissionAsync(owner, file.FileId));
        await library.FolderAsync(owner, root, "folder");
        var totals = await library.Contents.TotalsAsync(CancellationToken.None);
        Assert.Equal((0, 1000), (totals.Files, totals.LogicalBytes));
    }

    [Fact]
    public async Task Folder_cannot_be_moved_into_itself_and_the_root_not_at_all()
    {
        var folder = await library.FolderAsync(owner, root, "folder");
        var below = await library.FolderAsync(owner, folder, "below");

        Assert.Equal(MetadataError.Conflict, await ErrorOfMoveAsync(folder, below, null));
        Assert.Equal(MetadataError.Conflict, await ErrorOfMoveAsync(root, null, "new"));
    }

    [Fact]
    public async Task Neither_a_new_folder_nor_a_move_goes_deeper_than_the_limit()
    {
        List<EntryAccess> chain = [root];
        while (chain.Count <= FileTree.DepthMax)
        {
            chain.Add(await library.FolderAsync(owner, chain[^1], "f"));
        }

        var top = await library.FolderAsync(owner, root, "top");
        await library.FolderAsync(owner, top, "below");
        var file = await library.PutAsync(owner, root, "file", Library.Chunk("a"));
        var fileEntry = (await library.Tree.AccessAsync(owner.UserId, file.FileId, CancellationToken.None))!;

        var refused = await Assert.ThrowsAsync<MetadataException>(() => library.FolderAsync(owner, chain[^1], "g"));
        Assert.Equal(MetadataError.Invalid, refused.Error);
        Assert.Equal(MetadataError.Invalid, await ErrorOfMoveAsync(top, chain[^2], null));
        await library.Changes.MoveAsync(top, chain[^3], null, null, CancellationToken.None);
        await library.Changes.MoveAsync(fileEntry, chain[^1], null, null, CancellationToken.None);
        string[] path = [.. Enumerable.Repeat("f", FileTree.DepthMax), "file"];
        Assert.NotNull(await library.Tree.AccessByPathAsync(owner.UserId, null, path, CancellationToken.None));
    }

    [Fact]
    public async Task Folder_that_was_deleted_meanwhile_takes_neither_a_new_folder_nor_a_moved_one()
    {
        var gone = await library.FolderAsync(owner, root, "gone");
        var below = await library.FolderAsync(owner, gone, "below");
        var other = await library.FolderAsync(owner, root, "other");
        await library.Changes.TrashAsync(gone, null, CancellationToken.None);

        foreach (var target in (EntryAccess[])[gone, below])
        {
            var refused = await Assert.ThrowsAsync<MetadataException>(() => library.FolderAsync(owner, target, "new"));
            Assert.Equal(MetadataError.NotFound, refused.Error);
            Assert.Equal(MetadataError.NotFound, await ErrorOfMoveAsync(other, target, null));
        }
    }

    [Fact]
    public async Task Rename_to_a_taken_name_is_refused_and_paths_follow_a_move()
    {
        var first = await library.FolderAsync(owner, root, "first");
        var second = await library.FolderAsync(owner, root, "second");

        Assert.Equal(MetadataError.NameTaken, await ErrorOfMoveAsync(second, null, "first"));
        await library.Changes.MoveAsync(second, first, "renamed", null, CancellationToken.None);

        var found = await library.Tree.AccessByPathAsync(
            owner.UserId,
            null,
            ["first", "renamed"],
            CancellationToken.None
        );
        Assert.Equal(second.EntryId, found!.EntryId);
    }

    [Fact]
    public async Task Children_come_in_byte_order_page_by_page()
    {
        foreach (var name in (string[])["b", "ä", "B", "a"])
        {
            await library.FolderAsync(owner, root, name);
        }

        var first = await library.Tree.ChildrenAsync(root, null, 2, CancellationToken.None);
        var rest = await library.Tree.ChildrenAsync(root, first[^1].Name, 10, CancellationToken.None);

        Assert.Equal(["B", "a", "b", "ä"], first.Concat(rest).Select(e => e.Name));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a\0b")]
    [InlineData("a\nb")]
    public void Name_that_no_file_system_could_hold_is_refused(string name) =>
        Assert.Equal(MetadataError.Invalid, Assert.Throws<MetadataException>(() => EntryName.Check(name)).Error);

    [Fact]
    public void Name_is_measured_in_bytes_of_utf8()
    {
        Assert.Equal(255, EntryName.Check(new string('a', 255)).Length);
        Assert.Throws<MetadataException>(() => EntryName.Check(new string('ä', 128)));
        Assert.Throws<MetadataException>(() => EntryName.Check("lone surrogate \ud800"));
    }

    private Task<Guid> ShareAsync(EntryAccess entry, Permission permission) =>
        library.ShareAsync(entry, guest, permission, owner);

    private async Task<MetadataError> ErrorOfMoveAsync(EntryAccess entry, EntryAccess? parent, string? name) =>
        (
            await Assert.ThrowsAsync<MetadataException>(() =>
                library.Changes.MoveAsync(entry, parent, name, null, CancellationToken.None)
            )
        ).Error;
}
