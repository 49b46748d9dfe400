using FileSharing.Metadata;
using FileSharing.UnitTests.Postgres;

namespace FileSharing.UnitTests.Metadata;

public sealed class NodeRegistryTests(PostgresFixture postgres) : IAsyncLifetime
{
    private Library library = null!;

    public async ValueTask InitializeAsync() => library = await Library.CreateAsync(postgres);

    public ValueTask DisposeAsync() => library.DisposeAsync();

    [Fact]
    public async Task Join_token_admits_one_node_once()
    {
        var (token, _) = await library.Registry.CreateTokenAsync(null, TimeSpan.FromHours(1), CancellationToken.None);
        await library.Registry.JoinAsync(token, "one", CancellationToken.None);

        Assert.Equal(MetadataError.JoinRefused, await ErrorOfAsync(JoinAsync(token, "two")));
        Assert.Equal(MetadataError.JoinRefused, await ErrorOfAsync(JoinAsync("guess", "two")));
    }

    [Fact]
    public async Task Only_a_token_made_for_a_name_readmits_the_node_that_has_it()
    {
        var id = await JoinAsync(await TokenAsync(null), "one");

        Assert.Equal(MetadataError.NodeNameTaken, await ErrorOfAsync(JoinAsync(await TokenAsync(null), "one")));
        Assert.Equal(id, await JoinAsync(await TokenAsync("one"), "one"));
    }

    [Fact]
    public async Task Copied_or_rolled_back_volume_is_refused()
    {
        var node = await JoinAsync(await TokenAsync(null), "one");
        var volume = Guid.CreateVersion7();
        await RegisterAsync(node, new OpenedVolume(volume, 0, 1, 100));
        await RegisterAsync(node, new OpenedVolume(volume, 1, 2, 100));
        await RegisterAsync(node, new OpenedVolume(volume, 2, 2, 100));

        Assert.Equal(
            MetadataError.VolumeRefused,
            await ErrorOfAsync(RegisterAsync(node, new OpenedVolume(volume, 1, 2, 100)))
        );
        var other = await JoinAsync(await TokenAsync(null), "two");
        Assert.Equal(
            MetadataError.VolumeRefused,
            await ErrorOfAsync(RegisterAsync(other, new OpenedVolume(volume, 2, 3, 100)))
        );
    }

    private Task<Guid> JoinAsync(string token, string name) =>
        library.Registry.JoinAsync(token, name, CancellationToken.None);

    private async Task<string> TokenAsync(string? name) =>
        (await library.Registry.CreateTokenAsync(name, TimeSpan.FromHours(1), CancellationToken.None)).Token;

    private Task RegisterAsync(Guid node, OpenedVolume volume) =>
        library.Registry.RegisterAsync(node, "http://127.0.0.1:1", "", [volume], CancellationToken.None);

    private static async Task<MetadataError> ErrorOfAsync(Task work) =>
        (await Assert.ThrowsAsync<MetadataException>(() => work)).Error;
}
