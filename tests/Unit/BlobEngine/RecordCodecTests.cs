using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Chunks.Keys;
using FileSharing.Native.XxHash;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace FileSharing.UnitTests.BlobEngine;

public sealed class RecordCodecTests : IDisposable
{
    private const int Block = 128 << 10;

    private readonly RootKey rootKey = new(new byte[RootKey.Bytes]);
    private readonly DataKeys plainKeys = new(null, []);
    private readonly DataKeys sealedKeys;

    public RecordCodecTests() =>
        sealedKeys = new DataKeys(
            rootKey,
            [rootKey.Wrap(KeyDomain.Data, 7, DateTimeOffset.UnixEpoch, SHA256.HashData("data"u8))]
        );

    public void Dispose()
    {
        rootKey.Dispose();
        plainKeys.Dispose();
        sealedKeys.Dispose();
    }

    public static TheoryData<int, bool, bool> Shapes()
    {
        var shapes = new TheoryData<int, bool, bool>();
        foreach (var bytes in new[] { 1, 2, 17, Block - 1, Block, Block + 1, (3 * Block) - 1, 3 * Block, 10 << 20 })
        {
            foreach (var isEncrypted in new[] { false, true })
            {
                shapes.Add(bytes, isEncrypted, false);
                shapes.Add(bytes, isEncrypted, true);
            }
        }

        return shapes;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Plaintext_comes_back_whatever_its_size_and_content(int bytes, bool isEncrypted, bool compressible)
    {
        var codec = Codec(isEncrypted);
        var plain = TestBytes.Make(bytes, bytes, compressible);
        var record = Encode(codec, plain);
        RecordCodec.Verify(record);
        var header = RecordCodec.ReadHeader(record);
        Assert.Equal(bytes, header.PlainBytes);
        Assert.Equal(ChunkId.OfChunk(plain), header.Id);
        Assert.Equal(isEncrypted ? 7u : 0, header.KeyId);
        Assert.True(record.Length <= RecordCodec.RecordBytesMax(bytes));
        Assert.Equal(plain, Decode(codec, record, 0, bytes));
        if (compressible && bytes >= Block)
        {
            Assert.True(record.Length < bytes / 2);
        }
    }

    [Fact]
    public void Any_range_is_what_the_plaintext_has_there()
    {
        var codec = Codec(isEncrypted: true);
        var plain = TestBytes.Make((4 * Block) + 1000, 5, compressible: true);
        var record = Encode(codec, plain);
        var ranges =
            from offset in Gen.Choose(0, plain.Length - 1)
            from length in Gen.Choose(1, plain.Length - offset)
            select (offset, length);
        Prop.ForAll(
                ranges.ToArbitrary(),
                range =>
                    Decode(codec, record, range.offset, range.length)
                        .AsSpan()
                        .SequenceEqual(plain.AsSpan(range.offset, range.length))
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(60));
    }

    [Fact]
    public void A_record_too_short_for_the_blocks_that_it_claims_is_refused()
    {
        var record = Encode(Codec(isEncrypted: false), TestBytes.Make(150, 3));
        BinaryPrimitives.WriteInt32LittleEndian(
            record.AsSpan(RecordFormat.PlainBytesOffset),
            RecordFormat.PlainBytesMax
        );
        BinaryPrimitives.WriteUInt64LittleEndian(
            record.AsSpan(RecordFormat.HeaderChecksumOffset),
            XXH3.Hash64(record.AsSpan(0, RecordFormat.HeaderChecksumOffset))
        );

        var error = Assert.Throws<BlobException>(() => RecordCodec.ReadHeader(record));
        Assert.Equal(BlobError.BadRecord, error.Error);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Any_flipped_bit_fails_the_whole_record_check(bool isEncrypted)
    {
        var record = Encode(Codec(isEncrypted), TestBytes.Make(150, 3));
        for (var bit = 0; bit < record.Length * 8; bit++)
        {
            record[bit / 8] ^= (byte)(1 << (bit % 8));
            var error = Assert.Throws<BlobException>(() => RecordCodec.Verify(record));
            Assert.Equal(BlobError.BadRecord, error.Error);
            record[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_flipped_bit_in_a_block_delivers_nothing_of_that_block(bool isEncrypted)
    {
        var codec = Codec(isEncrypted);
        var plain = TestBytes.Make(3 * Block, 4);
        var record = Encode(codec, plain);
        record[96 + Block + 100] ^= 1;
        var delivered = new ArrayBufferWriter<byte>();
        var error = Assert.Throws<BlobException>(() => codec.DecodeRange(record, 0, plain.Length, delivered));
        Assert.Equal(BlobError.Damaged, error.Error);
        Assert.Equal(plain[..Block], delivered.WrittenSpan.ToArray());
    }

    [Fact]
    public void A_forged_block_with_a_right_checksum_fails_its_tag()
    {
        var codec = Codec(isEncrypted: true);
        var record = Encode(codec, TestBytes.Make(1000, 4));
        record[200] ^= 1;
        var block = record.AsSpan(96, 1000 + 16);
        BitConverter.TryWriteBytes(record.AsSpan(96 + block.Length + 4), XXH3.Hash64(block));
        BitConverter.TryWriteBytes(record.AsSpan(record.Length - 8), XXH3.Hash64(record.AsSpan()[..^8]));
        RecordCodec.Verify(record);
        var error = Assert.Throws<BlobException>(() => Decode(codec, record, 0, 1000));
        Assert.Equal(BlobError.Damaged, error.Error);
    }

    [Fact]
    public void A_record_of_an_unknown_key_is_checked_but_not_opened()
    {
        var record = Encode(Codec(isEncrypted: true), TestBytes.Make(1000, 4));
        RecordCodec.Verify(record);
        var error = Assert.Throws<BlobException>(() => Decode(Codec(isEncrypted: false), record, 0, 10));
        Assert.Equal(BlobError.UnknownKey, error.Error);
    }

    [Fact]
    public void Two_encodings_of_one_chunk_share_no_block_bytes()
    {
        var codec = Codec(isEncrypted: true);
        var plain = TestBytes.Make(1000, 4);
        var first = Encode(codec, plain);
        var second = Encode(codec, plain);
        Assert.NotEqual(first[96..200], second[96..200]);
    }

    [Theory]
    [InlineData(false, "2c2d5daae9c28153")]
    [InlineData(true, "ef1b0215c42c901a")]
    public void The_bytes_of_a_record_are_those_of_the_format(bool isEncrypted, string checksum)
    {
        var options = new RecordCodecOptions { FillSalt = salt => salt.Fill(0x5A), Compress = false };
        var codec = new RecordCodec(isEncrypted ? sealedKeys : plainKeys, options);
        var record = Encode(codec, "hello, record"u8.ToArray());
        Assert.Equal("46535231" + "01" + "01" + "00" + "00", Convert.ToHexStringLower(record.AsSpan(0, 8)));
        Assert.Equal(96 + 13 + (isEncrypted ? 16 : 0) + 12 + 8, record.Length);
        Assert.Equal(checksum, Convert.ToHexStringLower(record.AsSpan(record.Length - 8)));
    }

    private RecordCodec Codec(bool isEncrypted) => new(isEncrypted ? sealedKeys : plainKeys, new RecordCodecOptions());

    private static byte[] Encode(RecordCodec codec, byte[] plain)
    {
        var record = new byte[RecordCodec.RecordBytesMax(plain.Length)];
        var length = codec.Encode(RecordKind.Chunk, ChunkId.OfChunk(plain), plain, record);
        return record[..length];
    }

    private static byte[] Decode(RecordCodec codec, byte[] record, int offset, int length)
    {
        var buffer = new ArrayBufferWriter<byte>();
        codec.DecodeRange(record, offset, length, buffer);
        return buffer.WrittenSpan.ToArray();
    }
}
