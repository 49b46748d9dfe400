using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.UnitTests.BlobEngine;

namespace FileSharing.UnitTests.ClusterSimulation;

/// <summary>The chunks that simulated clients store, made once, each always of the same bytes.</summary>
internal static class SimChunks
{
    public const int Count = 160;

    private static readonly (ChunkId Id, byte[] Record)[] All = MakeAll();

    private static readonly Dictionary<ChunkId, int> Numbers = Enumerable
        .Range(0, Count)
        .ToDictionary(number => All[number].Id);

    public static ChunkId IdOf(int chunk) => All[chunk].Id;

    public static byte[] RecordOf(int chunk) => All[chunk].Record;

    public static int NumberOf(ChunkId id) => Numbers[id];

    private static (ChunkId, byte[])[] MakeAll()
    {
        using var keys = new DataKeys(null, []);
        var options = new RecordCodecOptions { Compress = false, FillSalt = salt => salt.Fill(0x5A) };
        var codec = new RecordCodec(keys, options);
        return [.. Enumerable.Range(0, Count).Select(Make)];

        (ChunkId, byte[]) Make(int number)
        {
            var plain = TestBytes.Make(20 + (number * 131 % 900), 1_000 + number);
            var id = ChunkId.OfChunk(plain);
            var bytes = new byte[RecordCodec.RecordBytesMax(plain.Length)];
            return (id, bytes[..codec.Encode(RecordKind.Chunk, id, plain, bytes)]);
        }
    }
}
