using FileSharing.Native.XxHash;
using Xunit;

namespace FileSharing.UnitTests.Native;

public sealed class XxHashTests
{
    [Fact]
    public void The_hash_of_nothing_is_the_published_one()
    {
        // xxHash's doc/xxhash_spec.md and its sanity checks.
        Assert.Equal(0x2D06800538D394C2UL, XXH3.Hash64([]));
        Assert.Equal(0xEF46DB3751D8E999UL, XXH64.Hash([]));
    }

    [Fact]
    public void XXH64_of_known_text_is_the_published_one()
    {
        Assert.Equal(0xD24EC4F1A98C6E5BUL, XXH64.Hash("a"u8));
        Assert.Equal(0x44BC2CF5AD770999UL, XXH64.Hash("abc"u8));
    }

    [Fact]
    public void Hashing_in_pieces_equals_hashing_at_once()
    {
        var data = new byte[100_000];
        new Random(1).NextBytes(data);
        using var hash = new XXH3();
        for (var at = 0; at < data.Length; at += 777)
        {
            hash.Append(data.AsSpan(at, Math.Min(777, data.Length - at)));
        }

        Assert.Equal(XXH3.Hash64(data), hash.Current64());
        hash.Reset();
        Assert.Equal(XXH3.Hash64([]), hash.Current64());
    }
}
