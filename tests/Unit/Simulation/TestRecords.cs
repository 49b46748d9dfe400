using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.UnitTests.BlobEngine;

namespace FileSharing.UnitTests.Simulation;

/// <summary>The records that the simulation stores, made once: of many lengths, none encrypted, each always of the same bytes.</summary>
internal static class TestRecords
{
    public const int Count = 48;

    private static readonly (ChunkId Id, byte[] Plain, byte[] Bytes)[] All = MakeAll();

    public static ChunkId IdOf(int record) => All[record].Id;

    public static byte[] BytesOf(int record) => All[record].Bytes;

    public static int NumberOf(ChunkId id) => Array.FindIndex(All, record => record.Id == id);

    public static byte[] PlainBytesOf(int record) => All[record].Plain;

    private static (ChunkId Id, byte[] Plain, byte[] Bytes)[] MakeAll()
    {
        using var keys = new DataKeys(null, []);
        var codec = new RecordCodec(
            keys,
            new RecordCodecOptions { Compress = false, FillSalt = salt => salt.Fill(0x5A) }
        );
        return
        [
            .. Enumerable
                .Range(0, Count)
                .Select(number =>
                {
                    // Some share a block of the disk, some need several.
                    var plain = TestBytes.Make(1 + (number * 977 % 5003), number);
                    var id = ChunkId.OfChunk(plain);
                    var bytes = new byte[RecordCodec.RecordBytesMax(plain.Length)];
                    return (id, plain, bytes[..codec.Encode(RecordKind.Chunk, id, plain, bytes)]);
                }),
        ];
    }
}
