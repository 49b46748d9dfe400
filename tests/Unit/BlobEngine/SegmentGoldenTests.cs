using System.Security.Cryptography;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using Xunit;

namespace FileSharing.UnitTests.BlobEngine;

/// <summary>
/// One sealed segment, byte by byte. The expected bytes were put together by hand from docs/segment-format.md, sections 1 and 2, with
/// another program (Python's struct, hashlib and the xxHash library), not taken from what this code writes.
/// </summary>
public sealed class SegmentGoldenTests : IAsyncDisposable
{
    private const int FileBytes = 4 * 4096;

    private readonly TestVolume volume = new(isEncrypted: false);

    public ValueTask DisposeAsync() => volume.DisposeAsync();

    [Fact]
    public void A_segment_of_one_record_and_one_note_has_the_documented_bytes()
    {
        var expected = new byte[FileBytes];
        Put(
            expected,
            0,
            """
            465347310100000000112233445566778899aabbccddeeff0300000000000000
            07000000000000002900000000000000bf0f8b942b4dbed6
            """
        );
        Put(
            expected,
            4096,
            """
            4653423101000000070000000200000000100000000000002900000000000000
            0010000000000000d800000000000000019a6766bbe61064fc3463aeb7019e20

            0101000089000000290000000000000009000000000000004653523101010000
            04bad1c0e5b910230de2b51eff135fcb4350b5a164e1e8c11523fc8166fc3086
            0d000000000002000000000081000000000102030405060708090a0b0c0d0e0f
            101112131415161718191a1b1c1d1e1f64837dfaf1323cf3676f6c64656e2062
            797465730a0d00000007b25ddc14a63f323fc60e22a5c8c2f600000000000000

            02000000280000002800000000000000030000000b000000d9298a10d1b07358
            37dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa
            """
        );
        Put(
            expected,
            2 * 4096,
            """
            4653423101010000070000000200000000200000000000002a00000000000000
            00200000000000009000000000000000c8a8e400ca2768bac4d4ea6f2337f8f6

            03000000480000002a00000000000000010000000000000004bad1c0e5b91023
            0de2b51eff135fcb4350b5a164e1e8c11523fc8166fc30860802000081000000
            010100000900000029000000000000000000000000000000

            02000000280000002800000000000000030000000b000000d9298a10d1b07358
            37dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa
            """
        );
        Put(
            expected,
            3 * 4096,
            """
            4653463101000000070000000100000000200000000000002a00000000000000
            0100000000000000c0c3485bfaa3bded
            """
        );

        var written = File.ReadAllBytes(WriteSegment());
        Assert.Equal(expected, written);
        Assert.Equal(
            "c0c6b03fb1668a0ff3679c32c1d2d529a12e9714638aba96c795dd2a49ec06e9",
            Convert.ToHexStringLower(SHA256.HashData(written))
        );
    }

    /// <summary>Segment 7 of incarnation 3; batch 41 states a record and carries a note that batch 40 has stated.</summary>
    private string WriteSegment()
    {
        using var crafted = new CraftedSegment(volume, new Guid("00112233-4455-6677-8899-aabbccddeeff"), 3, 7, 41);
        var codec = new RecordCodec(
            volume.Keys,
            new RecordCodecOptions
            {
                Compress = false,
                FillSalt = salt =>
                {
                    for (var i = 0; i < salt.Length; i++)
                    {
                        salt[i] = (byte)i;
                    }
                },
            }
        );
        var plain = "golden bytes\n"u8;
        var record = new byte[RecordCodec.RecordBytesMax(plain.Length)];
        var length = codec.Encode(RecordKind.Chunk, ChunkId.OfChunk(plain), plain, record);
        crafted.AddRecord(record.AsSpan(0, length), FrameFlags.Owed, touchEpoch: 9, origin: 41);
        crafted.AddNote(new Note(NoteKind.Touch, 0, 11, ChunkId.OfChunk("other"u8)), origin: 40);
        crafted.WriteBatch();
        crafted.Seal();
        return crafted.Path;
    }

    private static void Put(byte[] file, int offset, string hex) =>
        Convert.FromHexString(hex.ReplaceLineEndings("")).CopyTo(file, offset);
}
