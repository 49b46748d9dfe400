using System.Security.Cryptography;
using FileSharing.BlobEngine;
using FileSharing.Chunks.Keys;

namespace FileSharing.UnitTests.BlobEngine;

public sealed class DataKeysTests : IDisposable
{
    private readonly RootKey rootKey = new(new byte[RootKey.Bytes]);

    public void Dispose() => rootKey.Dispose();

    [Fact]
    public void The_first_key_seals_at_once_and_a_later_one_when_it_is_told_to()
    {
        using var keys = new DataKeys(rootKey, []);
        Assert.Equal(0u, keys.CurrentKeyId);

        keys.Add(Key(1));
        Assert.Equal(1u, keys.CurrentKeyId);

        keys.Add(Key(2));
        Assert.Equal(1u, keys.CurrentKeyId);

        keys.Use(2);
        Assert.Equal(2u, keys.CurrentKeyId);
    }

    [Fact]
    public void A_key_is_never_given_up_for_an_older_one()
    {
        using var keys = new DataKeys(rootKey, [Key(1), Key(2)]);

        keys.Use(1);
        keys.Use(0);

        Assert.Equal(2u, keys.CurrentKeyId);
    }

    [Theory]
    [InlineData(null, 3u)]
    [InlineData(2u, 2u)]
    public void Of_the_keys_to_begin_with_the_named_one_seals_else_the_newest(uint? named, uint expected)
    {
        using var keys = new DataKeys(rootKey, [Key(3), Key(1), Key(2)], named);

        Assert.Equal(expected, keys.CurrentKeyId);
        Assert.Equal([1u, 2, 3], keys.Wrapped.Select(key => key.Id));
    }

    [Fact]
    public void A_key_that_is_not_here_cannot_be_used()
    {
        using var keys = new DataKeys(rootKey, [Key(1)]);

        Assert.Throws<ArgumentException>(() => keys.Use(2));
        Assert.Throws<ArgumentException>(() => new DataKeys(rootKey, [Key(1)], sealWith: 2));
    }

    [Fact]
    public void Another_key_of_the_same_id_is_refused_and_the_same_key_wrapped_again_is_not()
    {
        using var keys = new DataKeys(rootKey, [Key(1)]);

        Assert.Throws<CryptographicException>(() => keys.Add(Key(1, "another secret")));
        keys.Add(Key(1));

        Assert.True(keys.TryGet(1, out var secret));
        Assert.Equal(Secret("1"), secret.ToArray());
    }

    [Fact]
    public void A_key_of_another_root_key_is_refused_and_nothing_changes()
    {
        using var other = new RootKey(SHA256.HashData("another root key"u8));
        using var keys = new DataKeys(rootKey, [Key(1)]);

        Assert.ThrowsAny<CryptographicException>(() =>
            keys.Add(other.Wrap(KeyDomain.Data, 2, DateTimeOffset.UnixEpoch, Secret("2")))
        );

        Assert.False(keys.Holds(2));
    }

    [Fact]
    public void Without_a_root_key_nothing_is_sealed()
    {
        using var keys = new DataKeys(null, [Key(1)]);

        Assert.Equal(0u, keys.CurrentKeyId);
        Assert.True(keys.Holds(1));
        Assert.False(keys.TryGet(1, out _));
    }

    private WrappedKey Key(uint id, string? secret = null) =>
        rootKey.Wrap(KeyDomain.Data, id, DateTimeOffset.UnixEpoch, Secret(secret ?? $"{id}"));

    private static byte[] Secret(string text) => SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text));
}
