using FileSharing.BlobEngine;

namespace FileSharing.UnitTests.BlobEngine;

/// <summary>The two small files without which a volume cannot be read: each twice, with a checksum.</summary>
public sealed class VolumeFileTests : IAsyncLifetime
{
    private static readonly string[] Names = ["volume.json", "keys.json"];

    private readonly TestVolume volume = new();

    public async ValueTask InitializeAsync() => await (await volume.OpenAsync()).DisposeAsync();

    [Theory]
    [InlineData("volume.json")]
    [InlineData("volume.json.2")]
    [InlineData("keys.json")]
    [InlineData("keys.json.2")]
    public async Task One_damaged_or_missing_copy_is_written_again_from_the_other(string name)
    {
        foreach (var damage in new Action<string>[] { Flip, File.Delete, path => File.WriteAllText(path, "") })
        {
            damage(PathOf(name));
            await using (var store = await volume.OpenAsync())
            {
                Assert.Equal(volume.WrappedKey.Wrapped, Assert.Single(store.StoredKeys).Wrapped);
            }

            Assert.All(
                Names,
                file => Assert.Equal(File.ReadAllText(PathOf(file)), File.ReadAllText(PathOf(file + ".2")))
            );
        }
    }

    [Theory]
    [InlineData("volume.json")]
    [InlineData("keys.json")]
    public async Task When_both_copies_are_damaged_the_volume_is_refused_and_left_as_it_is(string name)
    {
        Flip(PathOf(name));
        Flip(PathOf(name + ".2"));
        var before = Names.Select(file => File.ReadAllText(PathOf(file))).ToList();

        var error = await Assert.ThrowsAsync<BlobException>(() => volume.OpenAsync());

        Assert.Equal(BlobError.NotAVolume, error.Error);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Equal(before, Names.Select(file => File.ReadAllText(PathOf(file))));
    }

    [Fact]
    public async Task Files_of_the_first_format_are_read_and_written_anew()
    {
        foreach (var name in Names)
        {
            var text = File.ReadAllText(PathOf(name));
            var old = text[..text.IndexOf(",\"checksum\"", StringComparison.Ordinal)] + "}";
            File.WriteAllText(PathOf(name), old.Replace("\"format\":2", "\"format\":1", StringComparison.Ordinal));
            File.Delete(PathOf(name + ".2"));
        }

        await using var store = await volume.OpenAsync();

        Assert.Equal(1u, Assert.Single(store.StoredKeys).Id);
        Assert.All(
            Names,
            name => Assert.Contains("\"format\":2", File.ReadAllText(PathOf(name)), StringComparison.Ordinal)
        );
        Assert.All(Names, name => Assert.True(File.Exists(PathOf(name + ".2"))));
    }

    private string PathOf(string name) => Path.Combine(volume.Options.Path, name);

    /// <summary>Another digit of the first number that is not the format: nothing but a checksum can notice.</summary>
    private static void Flip(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var at = bytes.AsSpan(12).IndexOfAnyInRange((byte)'0', (byte)'9') + 12;
        bytes[at] ^= 1;
        File.WriteAllBytes(path, bytes);
    }

    public async ValueTask DisposeAsync() => await volume.DisposeAsync();
}
