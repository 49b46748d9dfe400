using System.Security.Cryptography;
using FileSharing.Chunks;
using Xunit;

namespace FileSharing.UnitTests.Chunks;

public sealed class ManifestTests
{
    private static readonly ManifestEntry[] Entries =
    [
        new(ChunkId.OfChunk("one"u8), 3),
        new(ChunkId.OfChunk("two"u8), ChunkingPolicy.ChunkBytesMax),
    ];

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void A_manifest_comes_back_from_its_body(int level)
    {
        var manifest = Manifest.Create(level, "dedup", Entries);
        var parsed = Manifest.Parse(manifest.ToBody());
        Assert.Equal((level, "dedup", manifest.Size), (parsed.Level, parsed.PolicyName, parsed.Size));
        Assert.Equal(Entries, parsed.Entries);
    }

    [Fact]
    public void The_empty_file_has_a_manifest_of_no_entries() =>
        Assert.Equal(0, Manifest.Parse(Manifest.Create(0, "dedup", []).ToBody()).Size);

    [Fact]
    public void The_id_of_a_manifest_is_never_that_of_a_chunk_with_the_same_bytes()
    {
        var body = Manifest.Create(0, "dedup", Entries).ToBody();
        Assert.NotEqual(ChunkId.OfChunk(body), Manifest.IdOf(body));
        byte[] withDomain = [.. "fileshare-manifest-1\0"u8, .. body];
        Assert.Equal(new ChunkId(SHA256.HashData(withDomain)), Manifest.IdOf(RecordKind.Manifest, body));
    }

    [Fact]
    public void A_body_cut_short_anywhere_is_refused()
    {
        var body = Manifest.Create(0, "dedup", Entries).ToBody();
        for (var length = 0; length < body.Length; length++)
        {
            Assert.Throws<FormatException>(() => Manifest.Parse(body.AsSpan(0, length)));
        }
    }

    [Fact]
    public void A_wrong_sum_version_level_name_or_entry_size_is_refused()
    {
        var good = Manifest.Create(0, "dedup", Entries).ToBody();
        foreach (var offset in new[] { 0, 1, 3, 8, 16 })
        {
            var bad = good.ToArray();
            // In the name of the policy: no ASCII any more.
            bad[offset] ^= (byte)(offset == 3 ? 0x80 : 0x40);
            Assert.Throws<FormatException>(() => Manifest.Parse(bad));
        }

        Assert.Throws<ArgumentException>(() => Manifest.Create(0, "dedup", [new ManifestEntry(default, 0)]));
        Assert.Throws<ArgumentException>(() => Manifest.Create(4, "dedup", []));
    }
}
