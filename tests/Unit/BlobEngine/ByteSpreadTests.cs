using System.Buffers.Binary;
using System.Buffers.Text;
using System.IO.Compression;
using System.Text;
using FileSharing.BlobEngine;

namespace FileSharing.UnitTests.BlobEngine;

public sealed class ByteSpreadTests
{
    private const int Bytes = 4 << 10;

    public static TheoryData<string> Shrinking => ["zeros", "text", "base64", "numbers", "floating point numbers"];

    [Theory]
    [MemberData(nameof(Shrinking))]
    public void What_a_compressor_can_shrink_is_given_to_it(string kind) =>
        Assert.False(ByteSpread.LooksRandom(Make(kind)));

    [Fact]
    public void Random_bytes_are_not_compressed_in_vain()
    {
        var plain = new byte[Bytes];
        for (var seed = 0; seed < 1000; seed++)
        {
            new Random(seed).NextBytes(plain);
            Assert.True(ByteSpread.LooksRandom(plain), $"seed {seed}");
        }
    }

    [Fact]
    public void Bytes_that_were_compressed_before_are_not_compressed_in_vain()
    {
        var buffer = new MemoryStream();
        using (var deflate = new DeflateStream(buffer, CompressionLevel.SmallestSize))
        {
            var random = new Random(1);
            for (var i = 0; i < 20_000; i++)
            {
                deflate.Write(Encoding.UTF8.GetBytes($"line {i} of {random.Next(1000)} words\n"));
            }
        }

        Assert.True(ByteSpread.LooksRandom(buffer.ToArray().AsSpan(Bytes, Bytes)));
    }

    [Fact]
    public void Of_a_few_bytes_nothing_is_said()
    {
        Assert.False(ByteSpread.LooksRandom([]));
        Assert.False(ByteSpread.LooksRandom(TestBytes.Make(1000, 1)));
    }

    private static byte[] Make(string kind)
    {
        var bytes = new byte[Bytes];
        switch (kind)
        {
            case "text":
                var text = string.Concat(Enumerable.Range(0, Bytes).Select(i => $"the {i}th sheep jumps; "));
                return Encoding.UTF8.GetBytes(text)[..Bytes];
            case "base64":
                new Random(1).NextBytes(bytes);
                return Encoding.ASCII.GetBytes(Base64Url.EncodeToString(bytes))[..Bytes];
            case "numbers":
                for (var i = 0; i < Bytes / sizeof(int); i++)
                {
                    BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(i * sizeof(int)), 70_000 + (i * 11));
                }

                return bytes;
            case "floating point numbers":
                for (var i = 0; i < Bytes / sizeof(double); i++)
                {
                    BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(i * sizeof(double)), Math.Sin(i));
                }

                return bytes;
            default:
                return bytes;
        }
    }
}
