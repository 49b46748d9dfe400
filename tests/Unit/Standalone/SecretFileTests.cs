using FileSharing.Chunks.Keys;
using FileSharing.Standalone;

namespace FileSharing.UnitTests.Standalone;

public sealed class SecretFileTests
{
    [Fact]
    public async Task The_root_key_is_made_once_and_only_its_owner_reads_it()
    {
        using var folder = new TemporaryFolder();
        var layout = new DataLayout(folder.Path);
        var path = layout.RootKey;

        Assert.True(await SecretFile.EnsureRootKeyAsync(layout, CancellationToken.None));
        var key = await File.ReadAllTextAsync(path);
        Directory.CreateDirectory(layout.Postgres);
        Assert.False(await SecretFile.EnsureRootKeyAsync(layout, CancellationToken.None));

        Assert.Equal(key, await File.ReadAllTextAsync(path));
        Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode(path));
        RootKey.Parse(key).Dispose();
    }

    [Theory]
    [InlineData("postgres")]
    [InlineData("node-1")]
    [InlineData("node-7")]
    public async Task A_root_key_that_is_missing_beside_data_is_not_replaced(string data)
    {
        using var folder = new TemporaryFolder();
        var layout = new DataLayout(folder.Path);
        Directory.CreateDirectory(folder.At(data));

        var refusal = await Assert.ThrowsAsync<IOException>(() =>
            SecretFile.EnsureRootKeyAsync(layout, CancellationToken.None)
        );

        Assert.Contains(folder.At(data), refusal.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(layout.RootKey));
    }

    [Fact]
    public async Task Writing_again_replaces_the_line_and_leaves_nothing_beside_it()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("secret");
        await SecretFile.WriteAsync(path, "old", SecretFile.OwnerReadsAndWrites, CancellationToken.None);
        await File.WriteAllTextAsync(path + ".unfinished", "of a crash");

        await SecretFile.WriteAsync(path, "new", SecretFile.OwnerReadsAndWrites, CancellationToken.None);

        Assert.Equal("new\n", await File.ReadAllTextAsync(path));
        Assert.Equal(path, Assert.Single(Directory.GetFiles(folder.Path)));
    }
}
