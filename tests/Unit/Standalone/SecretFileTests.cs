using FileSharing.Chunks.Keys;
using FileSharing.Standalone;

namespace FileSharing.UnitTests.Standalone;

public sealed class SecretFileTests
{
    [Fact]
    public async Task The_root_key_is_made_once_and_only_its_owner_reads_it()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("root.key");

        Assert.True(await SecretFile.EnsureRootKeyAsync(path, CancellationToken.None));
        var key = await File.ReadAllTextAsync(path);
        Assert.False(await SecretFile.EnsureRootKeyAsync(path, CancellationToken.None));

        Assert.Equal(key, await File.ReadAllTextAsync(path));
        Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode(path));
        RootKey.Parse(key).Dispose();
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
